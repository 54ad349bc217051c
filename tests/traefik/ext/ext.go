// Package ext stands in for Traefik's extension module, which its authors do
// not publish. Traefik embeds these two types in its own configuration to let
// another product add fields; the open edition has none.
package ext

// HTTP holds additional fields of the HTTP configuration: none.
type HTTP struct{}

// Router holds additional fields of a router: none.
type Router struct{}
