// Command vault logs in to Vault's AWS auth method with the keys of the environment, as `vault login -method=aws` does.
//
// Both ends are Vault's own: the command line's handler, and the auth plugin in its storage. Between them, where Vault
// has its server, a listener hands over what comes in. Told in JSON as the only argument: `config` and `role` as they are
// written to the plugin, and `login`, what the command line is given. Prints the login's answer, or its error.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/vault/api"
	awsauth "github.com/hashicorp/vault/builtin/credential/aws"
	"github.com/hashicorp/vault/sdk/logical"
	"github.com/hashicorp/vault/sdk/rotation"
)

type fields map[string]any

var told struct {
	Config fields            `json:"config"`
	Role   fields            `json:"role"`
	Login  map[string]string `json:"login"`
}

func main() {
	must(json.Unmarshal([]byte(os.Args[1]), &told))
	plugin := mounted{storage: &logical.InmemStorage{}}
	plugin.mount()
	_, err := plugin.write("config/client", told.Config)
	must(err)
	_, err = plugin.write("config/identity", fields{"iam_metadata": []string{"account_id", "canonical_arn", "client_user_id"}})
	must(err)
	_, err = plugin.write("role/"+told.Login["role"], told.Role)
	must(err)

	server := httptest.NewServer(http.HandlerFunc(plugin.login))
	defer server.Close()
	client, err := api.NewClient(&api.Config{Address: server.URL, MaxRetries: 0})
	must(err)
	secret, err := (&awsauth.CLIHandler{}).Auth(client, told.Login)
	if err != nil {
		say(fields{"error": err.Error()})
		return
	}
	say(fields{"metadata": secret.Auth.Metadata})
}

// system has no rotation manager: the keys in the configuration stay what they are.
type system struct{ logical.StaticSystemView }

func (system) DeregisterRotationJob(context.Context, *rotation.RotationJobDeregisterRequest) error {
	return nil
}

// mounted is the plugin as a Vault server holds it.
type mounted struct {
	backend logical.Backend
	storage logical.Storage
}

func (m *mounted) mount() {
	var err error
	ctx, quiet := context.Background(), hclog.NewNullLogger()
	m.backend, err = awsauth.Factory(ctx, &logical.BackendConfig{
		Logger: quiet, StorageView: m.storage, System: system{},
	})
	must(err)
	must(m.backend.Initialize(ctx, &logical.InitializationRequest{Storage: m.storage}))
}

func (m *mounted) write(path string, data fields) (*logical.Response, error) {
	answer, err := m.backend.HandleRequest(context.Background(), &logical.Request{
		Operation: logical.UpdateOperation, Path: path, Data: data, Storage: m.storage,
		Connection: &logical.Connection{RemoteAddr: "127.0.0.1"},
	})
	if err == nil && answer.IsError() {
		err = answer.Error()
	}
	return answer, err
}

func (m *mounted) login(out http.ResponseWriter, in *http.Request) {
	data := fields{}
	must(json.NewDecoder(in.Body).Decode(&data))
	answer, err := m.write("login", data)
	if err != nil {
		out.WriteHeader(http.StatusBadRequest)
		must(json.NewEncoder(out).Encode(fields{"errors": []string{err.Error()}}))
		return
	}
	must(json.NewEncoder(out).Encode(fields{"auth": fields{"metadata": answer.Auth.Metadata}}))
}

func say(answer fields) {
	must(json.NewEncoder(os.Stdout).Encode(answer))
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
