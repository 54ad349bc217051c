# syntax=docker/dockerfile:1
# The image of Lockgate: one static program, the certificates of public authorities and an empty folder for data.
# docs/packages.md tells how it is built and run.

FROM rust:1.95.0-bookworm AS build
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates musl-tools \
    && rm -rf /var/lib/apt/lists/* \
    && rustup target add "$(uname -m)-unknown-linux-musl"
WORKDIR /src
COPY . .
# Seconds since 1970 of the commit: the build has no access to the repository's history.
ARG SOURCE_DATE_EPOCH=0
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build \
    CARGO_TARGET_DIR=/build SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" packaging/build /lockgate
RUN packaging/image/assemble /lockgate /root-filesystem /etc/ssl/certs/ca-certificates.crt

# With git and OpenSSH, for installations that pull their configuration (docs/git.md): docker build --target git .
FROM alpine:3.22 AS git
# hadolint ignore=DL3018
RUN apk add --no-cache ca-certificates git openssh-client-default \
    # OpenSSH refuses users without a name.
    && adduser -D -H -h /data -u 65532 lockgate
COPY --from=build /root-filesystem/usr/local/bin /usr/local/bin
COPY --from=build --chown=65532:65532 /root-filesystem/data /data
USER 65532:65532
ENV SQLITE_TMPDIR=/data MIMALLOC_PURGE_DELAY=10
WORKDIR /
VOLUME /data
EXPOSE 9000 9443
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --start-interval=1s CMD ["lockgate", "healthcheck"]
ENTRYPOINT ["lockgate"]
CMD ["server"]

FROM scratch
LABEL org.opencontainers.image.title="Lockgate" \
      org.opencontainers.image.description="An identity provider whose whole configuration is a folder of text in git" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /root-filesystem/usr /usr
COPY --from=build /root-filesystem/etc /etc
COPY --from=build --chown=65532:65532 /root-filesystem/data /data
USER 65532:65532
# Where SQLite sorts what does not fit into memory: nothing else is writable. The allocator waits so many milliseconds before it
# gives memory back; with its own 1,000 a process at rest keeps 13 MiB that hashes of passwords took.
ENV SQLITE_TMPDIR=/data MIMALLOC_PURGE_DELAY=10
# In the root folder, ./data is the volume, and ./config the configuration folder if one is mounted there.
WORKDIR /
VOLUME /data
EXPOSE 9000 9443
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --start-interval=1s CMD ["lockgate", "healthcheck"]
ENTRYPOINT ["lockgate"]
CMD ["server"]
