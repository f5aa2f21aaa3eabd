//go:build tools

// Package tools pins the program that is built from here.
package tools

import _ "sigs.k8s.io/aws-iam-authenticator/cmd/aws-iam-authenticator"
