// Command consul logs in to Consul's AWS auth method with the keys of the environment, as `consul login` does.
//
// Both ends are the library that Consul's command line and agents have for it, with Consul's header names. Told in JSON
// as the only argument: `login`, what the command line is given, and `method`, the configuration of the auth method.
// Prints whom the agent has recognised, or its error.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go/aws/credentials"
	iamauth "github.com/hashicorp/consul-awsauth"
	"github.com/hashicorp/go-hclog"
)

func main() {
	told := struct {
		Login  iamauth.LoginInput
		Method iamauth.Config
	}{}
	must(json.Unmarshal([]byte(os.Args[1]), &told))
	told.Login.Creds, told.Login.Logger = credentials.NewEnvCredentials(), hclog.NewNullLogger()
	told.Login.ServerIDHeaderName = "X-Consul-IAM-ServerID"
	told.Login.GetEntityMethodHeader = "X-Consul-IAM-GetEntity-Method"
	told.Login.GetEntityURLHeader = "X-Consul-IAM-GetEntity-URL"
	told.Login.GetEntityHeadersHeader = "X-Consul-IAM-GetEntity-Headers"
	told.Login.GetEntityBodyHeader = "X-Consul-IAM-GetEntity-Body"
	told.Method.ServerIDHeaderName = told.Login.ServerIDHeaderName
	told.Method.GetEntityMethodHeader = told.Login.GetEntityMethodHeader
	told.Method.GetEntityURLHeader = told.Login.GetEntityURLHeader
	told.Method.GetEntityHeadersHeader = told.Login.GetEntityHeadersHeader
	told.Method.GetEntityBodyHeader = told.Login.GetEntityBodyHeader

	made, err := iamauth.GenerateLoginData(&told.Login)
	must(err)
	token, err := json.Marshal(made)
	must(err)
	agent, err := iamauth.NewAuthenticator(&told.Method, told.Login.Logger)
	must(err)
	identity, err := agent.ValidateLogin(context.Background(), string(token))
	if err != nil {
		say(map[string]string{"error": err.Error()})
		return
	}
	say(identity)
}

func say(answer any) {
	must(json.NewEncoder(os.Stdout).Encode(answer))
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
