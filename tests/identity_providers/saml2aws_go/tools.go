//go:build tools

// Package tools pins the program that is built from here.
package tools

import _ "github.com/versent/saml2aws/v2/cmd/saml2aws"
