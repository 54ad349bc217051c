//! `/application/o/…`: OAuth2 and OpenID Connect, seen by applications.

mod browser;
mod clients;
mod protocol;

/// A flow for devices, and the brand that names it.
const DEVICE_FLOW: &str = "---
flow: device-code
title: Connect a device
designation: stage_configuration
requires: require_authenticated
stages: []
---
brand: authentik-default
default: true
title: Lockgate
flow_authentication: default-authentication-flow
flow_invalidation: default-invalidation-flow
flow_user_settings: default-user-settings-flow
flow_device_code: device-code
";
