// Verifies a web identity token as a Go service would: go-oidc by discovery, golang-jwt with a key set kept by keyfunc.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"
)

func main() {
	issuer, audience, token := os.Args[1], os.Args[2], os.Args[3]
	provider, err := oidc.NewProvider(context.Background(), issuer)
	check(err)
	verified, err := provider.Verifier(&oidc.Config{ClientID: audience}).Verify(context.Background(), token)
	check(err)

	var document struct {
		KeySet string `json:"jwks_uri"`
	}
	check(provider.Claims(&document))
	keys, err := keyfunc.NewDefault([]string{document.KeySet})
	check(err)
	parsed, err := jwt.Parse(token, keys.Keyfunc, jwt.WithIssuer(issuer), jwt.WithAudience(audience),
		jwt.WithValidMethods([]string{"RS256", "ES384"}), jwt.WithExpirationRequired())
	check(err)
	subject, err := parsed.Claims.GetSubject()
	check(err)
	check(json.NewEncoder(os.Stdout).Encode(map[string]string{"go-oidc": verified.Subject, "golang-jwt": subject}))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
