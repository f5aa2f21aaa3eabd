// Command go_sdk does the scenarios of tests/clients/scenarios.py with the AWS SDK for Go v2.
package main

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"
)

type said map[string]any

type device struct{ Serial, Code string }

var task struct {
	Region      string            `json:"region"`
	OtherRegion string            `json:"other_region"`
	Roles       map[string]string `json:"roles"`
	Profiles    map[string]string `json:"profiles"`
	MFA         []device          `json:"mfa"`
	Revoke      []string          `json:"revoke"`
}

var does = map[string]func(ctx context.Context, given aws.Config) (said, error){
	"caller-identity":    who,
	"mfa-role":           mfaRole,
	"mfa-session":        mfaSession,
	"assume-role":        assumeRole,
	"chained-role":       chainedRole,
	"session-token":      sessionToken,
	"federation-token":   federationToken,
	"presigned":          presigned,
	"web-identity":       profile("web"),
	"profile":            profile("role"),
	"credential-process": profile("process"),
	"refreshed":          refreshed,
	"revoked":            revoked,
	"regional-endpoint":  func(ctx context.Context, given aws.Config) (said, error) { return in(ctx, given, task.OtherRegion) },
	"global-endpoint":    func(ctx context.Context, given aws.Config) (said, error) { return in(ctx, given, "aws-global") },
}

func main() {
	ctx := context.Background()
	text, err := os.ReadFile(os.Args[1])
	must(err)
	must(json.Unmarshal(text, &task))
	given, err := config.LoadDefaultConfig(ctx)
	must(err)
	for _, name := range os.Args[2:] {
		answer, err := does[name](ctx, given)
		if err != nil {
			answer = said{"error": err.Error()}
		}
		answer["scenario"] = name
		must(json.NewEncoder(os.Stdout).Encode(answer))
	}
}

func who(ctx context.Context, given aws.Config) (said, error) {
	is, err := sts.NewFromConfig(given).GetCallerIdentity(ctx, nil)
	if err != nil {
		return nil, err
	}
	return said{"arn": *is.Arn}, nil
}

func mfaRole(ctx context.Context, given aws.Config) (said, error) {
	return who(ctx, as(given, assumed(given, "guarded", "mfa", func(o *stscreds.AssumeRoleOptions) {
		o.SerialNumber = &task.MFA[0].Serial
		o.TokenProvider = func() (string, error) { return task.MFA[0].Code, nil }
	})))
}

func mfaSession(ctx context.Context, given aws.Config) (said, error) {
	made, err := sts.NewFromConfig(given).GetSessionToken(
		ctx, &sts.GetSessionTokenInput{SerialNumber: &task.MFA[1].Serial, TokenCode: &task.MFA[1].Code})
	if err != nil {
		return nil, err
	}
	given = as(given, fixed(made.Credentials))
	return who(ctx, as(given, assumed(given, "guarded", "session")))
}

func assumeRole(ctx context.Context, given aws.Config) (said, error) {
	return who(ctx, as(given, assumed(given, "first", "assumed")))
}

func chainedRole(ctx context.Context, given aws.Config) (said, error) {
	given = as(given, assumed(given, "first", "link"))
	return who(ctx, as(given, assumed(given, "second", "chained")))
}

func sessionToken(ctx context.Context, given aws.Config) (said, error) {
	made, err := sts.NewFromConfig(given).GetSessionToken(ctx, nil)
	if err != nil {
		return nil, err
	}
	answer, err := who(ctx, as(given, fixed(made.Credentials)))
	if err != nil {
		return nil, err
	}
	answer["key"] = *made.Credentials.AccessKeyId
	return answer, nil
}

func federationToken(ctx context.Context, given aws.Config) (said, error) {
	made, err := sts.NewFromConfig(given).GetFederationToken(ctx, &sts.GetFederationTokenInput{Name: aws.String("guest")})
	if err != nil {
		return nil, err
	}
	return who(ctx, as(given, fixed(made.Credentials)))
}

func presigned(ctx context.Context, given aws.Config) (said, error) {
	signed, err := sts.NewPresignClient(sts.NewFromConfig(given)).PresignGetCallerIdentity(ctx, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.Get(signed.URL)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var document struct {
		Arn string `xml:"GetCallerIdentityResult>Arn"`
	}
	return said{"arn": &document.Arn}, xml.NewDecoder(answer.Body).Decode(&document)
}

func profile(name string) func(context.Context, aws.Config) (said, error) {
	return func(ctx context.Context, _ aws.Config) (said, error) {
		given, err := config.LoadDefaultConfig(ctx, config.WithSharedConfigProfile(task.Profiles[name]))
		if err != nil {
			return nil, err
		}
		return who(ctx, given)
	}
}

// refreshed: to a cache whose window is longer than a session lives, each session is about to expire.
func refreshed(ctx context.Context, given aws.Config) (said, error) {
	keys, provider := watched(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(given), task.Roles["first"], lasting900))
	client := as(given, aws.NewCredentialsCache(provider, func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = time.Hour }))
	for range 2 {
		if _, err := who(ctx, client); err != nil {
			return nil, err
		}
	}
	return said{"first": (*keys)[0], "second": (*keys)[len(*keys)-1]}, nil
}

func lasting900(o *stscreds.AssumeRoleOptions) { o.Duration = 900 * time.Second }

func revoked(ctx context.Context, given aws.Config) (said, error) {
	keys, provider := watched(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(given), task.Roles["first"]))
	cache := aws.NewCredentialsCache(provider)
	client := as(given, cache)
	if _, err := who(ctx, client); err != nil {
		return nil, err
	}
	first := (*keys)[0]
	if err := exec.Command(task.Revoke[0], append(task.Revoke[1:], first)...).Run(); err != nil {
		return nil, err
	}
	answer := said{"first": first, "refused": nil}
	if _, err := who(ctx, client); err != nil {
		answer["refused"] = code(err)
		cache.Invalidate()
	}
	_, err := who(ctx, client)
	answer["second"] = (*keys)[len(*keys)-1]
	return answer, err
}

func in(ctx context.Context, given aws.Config, region string) (said, error) {
	given = given.Copy()
	given.Region = region
	return who(ctx, given)
}

func assumed(given aws.Config, role, name string, more ...func(*stscreds.AssumeRoleOptions)) aws.CredentialsProvider {
	named := func(o *stscreds.AssumeRoleOptions) { o.RoleSessionName = name }
	return aws.NewCredentialsCache(
		stscreds.NewAssumeRoleProvider(sts.NewFromConfig(given), task.Roles[role], append(more, named)...))
}

// watched: the provider, and the access key ids of all that it has provided.
func watched(provider aws.CredentialsProvider) (*[]string, aws.CredentialsProvider) {
	keys := &[]string{}
	return keys, aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		made, err := provider.Retrieve(ctx)
		*keys = append(*keys, made.AccessKeyID)
		return made, err
	})
}

func fixed(made *types.Credentials) aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(*made.AccessKeyId, *made.SecretAccessKey, *made.SessionToken)
}

func as(given aws.Config, who aws.CredentialsProvider) aws.Config {
	given = given.Copy()
	given.Credentials = who
	return given
}

// code is what STS called its refusal; nil when there was none, the text when it was no refusal of STS.
func code(err error) any {
	var refusal smithy.APIError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refusal):
		return refusal.ErrorCode()
	}
	return err.Error()
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
