//! The settings under `tracing`: where traces go, and how many.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use url::Url;

/// Where OTLP over HTTP takes traces, below a collector's address.
const TRACES: &str = "v1/traces";

/// Where traces go.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tracing {
    /// Address of a collector that speaks OTLP over HTTP, such as `http://collector:4318`; nothing is traced without one.
    pub(crate) endpoint: Option<String>,
    /// Share of the requests that are traced, from 0 to 1.
    pub(crate) sample: f64,
}

impl Default for Tracing {
    fn default() -> Self {
        Self { endpoint: None, sample: 1.0 }
    }
}

impl Tracing {
    /// Takes the collector that OpenTelemetry's own variables name, where ours names none: that of all signals, to whose
    /// address is added what each is called, or that of traces alone (OpenTelemetry Protocol Exporter, "Endpoint URLs").
    pub(crate) fn or_standard(&mut self, environment: &BTreeMap<String, String>) {
        if self.endpoint.is_some() {
            return;
        }
        let set = |name: &str| environment.get(name).filter(|value| !value.is_empty());
        let of_all =
            || set("OTEL_EXPORTER_OTLP_ENDPOINT").map(|base| format!("{}/{TRACES}", base.trim_end_matches('/')));
        self.endpoint = set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").cloned().or_else(of_all);
    }

    /// The address that traces are posted to.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub(crate) fn address(&self) -> Result<Option<String>, String> {
        if !(0.0..=1.0).contains(&self.sample) {
            return Err("tracing.sample (LOCKGATE_TRACING__SAMPLE): a share is a number from 0 to 1".to_owned());
        }
        let Some(text) = self.endpoint.as_deref().filter(|text| !text.is_empty()) else { return Ok(None) };
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let Some(mut url) = url else {
            let told =
                "tracing.endpoint (LOCKGATE_TRACING__ENDPOINT): it has to be an address such as http://collector:4318";
            return Err(told.to_owned());
        };
        if url.path() == "/" {
            url.set_path(TRACES);
        }
        Ok(Some(url.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::Tracing;
    use std::collections::BTreeMap;

    fn at(endpoint: &str) -> Result<Option<String>, String> {
        Tracing { endpoint: Some(endpoint.to_owned()), ..Tracing::default() }.address()
    }

    #[test]
    fn a_collector_is_an_address() {
        assert_eq!(at("http://c:4318"), Ok(Some("http://c:4318/v1/traces".to_owned())));
        assert_eq!(at("https://c/otlp/v1/traces"), Ok(Some("https://c/otlp/v1/traces".to_owned())));
        assert_eq!(at(""), Ok(None));
        for wrong in ["c:4318", "grpc://c:4317", "collector"] {
            assert!(at(wrong).is_err_and(|told| told.contains("LOCKGATE_TRACING__ENDPOINT")), "{wrong}");
        }
        let all = Tracing { sample: 1.5, ..Tracing::default() };
        assert!(all.address().is_err_and(|told| told.contains("LOCKGATE_TRACING__SAMPLE")));
    }

    #[test]
    fn the_variables_of_opentelemetry_are_understood() {
        let read = |pairs: &[(&str, &str)]| {
            let environment: BTreeMap<_, _> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            let mut tracing = Tracing::default();
            tracing.or_standard(&environment);
            tracing.endpoint.unwrap_or_default()
        };
        let all = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/");
        assert_eq!(read(&[all]), "http://c:4318/v1/traces");
        assert_eq!(read(&[all, ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t/in")]), "http://t/in");
        assert_eq!(read(&[]), "");
    }
}
