module consul

go 1.25.0

require (
	github.com/aws/aws-sdk-go v1.42.34
	github.com/hashicorp/consul-awsauth v0.0.0-20250825122907-9e35fe9ded3a
	github.com/hashicorp/go-hclog v1.6.3
)

require (
	github.com/fatih/color v1.16.0 // indirect
	github.com/hashicorp/go-cleanhttp v0.5.2 // indirect
	github.com/hashicorp/go-retryablehttp v0.7.7 // indirect
	github.com/jmespath/go-jmespath v0.4.0 // indirect
	github.com/mattn/go-colorable v0.1.13 // indirect
	github.com/mattn/go-isatty v0.0.20 // indirect
	golang.org/x/sys v0.20.0 // indirect
)
