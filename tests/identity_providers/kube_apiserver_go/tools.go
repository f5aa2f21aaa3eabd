//go:build tools

// Package tools pins the program that is built from here.
package tools

import _ "k8s.io/kubernetes/cmd/kube-apiserver"
