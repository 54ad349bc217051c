{{/* The name of everything that is made. */}}
{{- define "lockgate.name" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 53 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What pods of a part are found by. Called with a list: the context, and the part. */}}
{{- define "lockgate.selector" -}}
app.kubernetes.io/name: {{ default (index . 0).Chart.Name (index . 0).Values.nameOverride }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Labels of everything of a part. */}}
{{- define "lockgate.labels" -}}
{{ include "lockgate.selector" . }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
helm.sh/chart: {{ printf "%s-%s" (index . 0).Chart.Name (index . 0).Chart.Version }}
{{- end -}}

{{- define "lockgate.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "lockgate.name" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* An image that can pull, where the configuration is pulled. */}}
{{- define "lockgate.image" -}}
{{- $tag := default .Chart.AppVersion .Values.image.tag -}}
{{- printf "%s:%s%s" .Values.image.repository $tag (ternary "-git" "" (ne .Values.configuration.git.url "")) -}}
{{- end -}}

{{/* The ConfigMap with the configuration folder, if there is one. */}}
{{- define "lockgate.configMap" -}}
{{- $given := .Values.configuration -}}
{{- $sources := 0 -}}
{{- range list $given.git.url $given.existingConfigMap $given.files -}}
{{- if . }}{{ $sources = add $sources 1 }}{{ end -}}
{{- end -}}
{{- if gt (int $sources) 1 -}}
{{- fail "configuration: set one of files, existingConfigMap and git.url, since a server has one configuration" -}}
{{- end -}}
{{- if $given.existingConfigMap -}}
{{- $given.existingConfigMap -}}
{{- else if $given.files -}}
{{- include "lockgate.name" . }}-configuration
{{- end -}}
{{- end -}}

{{/* Variables of servers and workers. */}}
{{- define "lockgate.env" -}}
- name: LOCKGATE_PUBLIC_URL
  value: {{ .Values.publicUrl | quote }}
- name: LOCKGATE_DATA_DIR
  value: /data
- name: LOCKGATE_LOG_FORMAT
  value: {{ get .Values.settings "LOCKGATE_LOG_FORMAT" | default "json" | quote }}
{{- with .Values.configuration.git }}
{{- if .url }}
- name: LOCKGATE_GIT__URL
  value: {{ .url | quote }}
- name: LOCKGATE_GIT__BRANCH
  value: {{ .branch | quote }}
- name: LOCKGATE_GIT__PATH
  value: {{ .path | quote }}
- name: LOCKGATE_GIT__INTERVAL
  value: {{ .interval | quote }}
{{- end }}
{{- end }}
{{- if include "lockgate.configMap" . }}
- name: LOCKGATE_CONFIG_DIR
  value: /config
{{- end }}
{{- range $name, $value := omit .Values.settings "LOCKGATE_LOG_FORMAT" }}
- name: {{ $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end -}}

{{/* Nothing of the pod is root's, and nothing is writable but two folders that are gone with it. */}}
{{- define "lockgate.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "lockgate.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
privileged: false
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "lockgate.mounts" -}}
- name: data
  mountPath: /data
- name: tmp
  mountPath: /tmp
{{- if include "lockgate.configMap" . }}
- name: config
  mountPath: /config
  readOnly: true
{{- end }}
{{- end -}}

{{- define "lockgate.volumes" -}}
- name: data
  emptyDir: {}
- name: tmp
  emptyDir: {}
{{- with include "lockgate.configMap" . }}
- name: config
  configMap:
    name: {{ . }}
{{- end }}
{{- end -}}
