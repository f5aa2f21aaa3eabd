//! Does the scenarios of tests/clients/scenarios.py with the AWS SDK for Rust.

use std::error::Error;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_config::identity::IdentityCache;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::sts::{AssumeRoleProvider, AssumeRoleProviderBuilder};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::{future, ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_sts::config::Credentials;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::types;
use aws_sdk_sts::Client;
use aws_sigv4::http_request::{sign, SignableBody, SignableRequest, SignatureLocation, SigningSettings};
use aws_sigv4::sign::v4;
use serde_json::{json, Value};

type Failed = Box<dyn Error>;
type Said = Result<Value, Failed>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failed> {
    let words: Vec<String> = std::env::args().collect();
    let task: Value = serde_json::from_str(&std::fs::read_to_string(&words[1])?)?;
    let given = aws_config::load_defaults(BehaviorVersion::latest()).await;
    for scenario in &words[2..] {
        let mut answer = match play(scenario, &task, &given).await {
            Ok(answer) => answer,
            Err(failed) => json!({"error": format!("{failed:?}")}),
        };
        answer["scenario"] = json!(scenario);
        println!("{answer}");
    }
    Ok(())
}

async fn play(scenario: &str, task: &Value, given: &SdkConfig) -> Said {
    match scenario {
        "caller-identity" => who(given).await,
        "mfa-role" => mfa_role(task, given).await,
        "mfa-session" => mfa_session(task, given).await,
        "assume-role" => who(&assumed(given, role(task, "first", "assumed")).await).await,
        "chained-role" => {
            let link = assumed(given, role(task, "first", "link")).await;
            who(&assumed(&link, role(task, "second", "chained")).await).await
        }
        "session-token" => session_token(given).await,
        "federation-token" => federation_token(given).await,
        "presigned" => presigned(given).await,
        "web-identity" => who(&profile(task, given, "web").await).await,
        "profile" => who(&profile(task, given, "role").await).await,
        "credential-process" => who(&profile(task, given, "process").await).await,
        "refreshed" => refreshed(task, given).await,
        "revoked" => revoked(task, given).await,
        "regional-endpoint" => who(&within(given, text(&task["other_region"]))).await,
        "global-endpoint" => who(&within(given, "aws-global")).await,
        _ => Err(format!("no scenario {scenario}").into()),
    }
}

async fn who(given: &SdkConfig) -> Said {
    Ok(json!({"arn": Client::new(given).get_caller_identity().send().await?.arn}))
}

/// This SDK's provider asks for no second factor, so the call is made by hand.
async fn mfa_role(task: &Value, given: &SdkConfig) -> Said {
    let call = Client::new(given)
        .assume_role()
        .role_arn(text(&task["roles"]["guarded"]))
        .role_session_name("mfa")
        .serial_number(text(&task["mfa"][0]["serial"]))
        .token_code(text(&task["mfa"][0]["code"]));
    who(&holding(given, fixed(call.send().await?.credentials))).await
}

async fn mfa_session(task: &Value, given: &SdkConfig) -> Said {
    let call = Client::new(given)
        .get_session_token()
        .serial_number(text(&task["mfa"][1]["serial"]))
        .token_code(text(&task["mfa"][1]["code"]));
    let session = holding(given, fixed(call.send().await?.credentials));
    who(&assumed(&session, role(task, "guarded", "session")).await).await
}

async fn session_token(given: &SdkConfig) -> Said {
    let made = Client::new(given).get_session_token().send().await?.credentials;
    let key = made.as_ref().map(|made| made.access_key_id.clone());
    let mut answer = who(&holding(given, fixed(made))).await?;
    answer["key"] = json!(key);
    Ok(answer)
}

async fn federation_token(given: &SdkConfig) -> Said {
    let made = Client::new(given).get_federation_token().name("guest").send().await?;
    who(&holding(given, fixed(made.credentials))).await
}

/// This SDK has a signer that presigns, and no presigner for STS.
async fn presigned(given: &SdkConfig) -> Said {
    let provider = given.credentials_provider().ok_or("no credentials")?;
    let identity = provider.provide_credentials().await?.into();
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(Duration::from_secs(900));
    let with = v4::SigningParams::builder()
        .identity(&identity)
        .region(given.region().ok_or("no region")?.as_ref())
        .name("sts")
        .time(SystemTime::now())
        .settings(settings)
        .build()?
        .into();
    let endpoint = std::env::var("AWS_ENDPOINT_URL_STS")?;
    let mut url = url::Url::parse(&format!("{endpoint}/?Action=GetCallerIdentity&Version=2011-06-15"))?;
    let request = SignableRequest::new("GET", url.as_str(), std::iter::empty(), SignableBody::Bytes(b""))?;
    let (_, signed) = sign(request, &with)?.into_parts().0.into_parts();
    url.query_pairs_mut().extend_pairs(signed);
    Ok(json!({"arn": fetched_arn(url.as_str())?}))
}

/// Fetched without this SDK, and without another library for it.
fn fetched_arn(url: &str) -> Result<String, Failed> {
    let answer = String::from_utf8(
        Command::new("curl")
            .args(["--silent", "--show-error", url])
            .output()?
            .stdout,
    )?;
    let (_, after) = answer.split_once("<Arn>").ok_or(answer.as_str())?;
    let (arn, _) = after.split_once("</Arn>").ok_or(answer.as_str())?;
    Ok(arn.to_string())
}

/// To a cache whose margin is longer than a session lives (half of it is left to chance), each session is about to
/// expire.
async fn refreshed(task: &Value, given: &SdkConfig) -> Said {
    let wary = IdentityCache::lazy().buffer_time(Duration::from_secs(2 * 3600)).build();
    let short = role(task, "first", "short").session_length(Duration::from_secs(900));
    let (keys, client) = watched(&given.clone().into_builder().identity_cache(wary).build(), short).await;
    who(&client).await?;
    who(&client).await?;
    let keys = keys.lock().unwrap();
    Ok(json!({"first": keys.first(), "second": keys.last()}))
}

async fn revoked(task: &Value, given: &SdkConfig) -> Said {
    let (keys, client) = watched(given, role(task, "first", "revoked")).await;
    who(&client).await?;
    let first = keys.lock().unwrap()[0].clone();
    let command: Vec<&str> = task["revoke"]
        .as_array()
        .ok_or("no command")?
        .iter()
        .map(text)
        .collect();
    Command::new(command[0])
        .args(&command[1..])
        .arg(&first)
        .stdout(Stdio::null())
        .status()?;
    let refused = match Client::new(&client).get_caller_identity().send().await {
        Ok(_) => None,
        Err(refused) => Some(code(&refused)),
    };
    // The cache keeps a session until it expires; another cache asks the same provider again.
    let client = client
        .into_builder()
        .identity_cache(IdentityCache::lazy().build())
        .build();
    who(&client).await?;
    let keys = keys.lock().unwrap();
    Ok(json!({"first": first, "refused": refused, "second": keys.last()}))
}

fn code<E: ProvideErrorMetadata>(refused: &SdkError<E>) -> String {
    refused.code().unwrap_or("none").to_string()
}

fn role(task: &Value, role: &str, name: &str) -> AssumeRoleProviderBuilder {
    AssumeRoleProvider::builder(text(&task["roles"][role])).session_name(name)
}

async fn assumed(given: &SdkConfig, role: AssumeRoleProviderBuilder) -> SdkConfig {
    holding(
        given,
        SharedCredentialsProvider::new(role.configure(given).build().await),
    )
}

type Keys = Arc<Mutex<Vec<String>>>;

/// A provider that remembers the access key ids of all that it has provided.
#[derive(Debug)]
struct Watched(AssumeRoleProvider, Keys);

impl ProvideCredentials for Watched {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let made = self.0.provide_credentials().await?;
            self.1.lock().unwrap().push(made.access_key_id().to_string());
            Ok(made)
        })
    }
}

async fn watched(given: &SdkConfig, role: AssumeRoleProviderBuilder) -> (Keys, SdkConfig) {
    let keys = Keys::default();
    let provider = Watched(role.configure(given).build().await, keys.clone());
    (keys, holding(given, SharedCredentialsProvider::new(provider)))
}

async fn profile(task: &Value, given: &SdkConfig, name: &str) -> SdkConfig {
    let named = ProfileFileCredentialsProvider::builder()
        .configure(&ProviderConfig::with_default_region().await)
        .profile_name(text(&task["profiles"][name]));
    holding(given, SharedCredentialsProvider::new(named.build()))
}

fn fixed(made: Option<types::Credentials>) -> SharedCredentialsProvider {
    let made = made.expect("an answer has credentials");
    let token = Some(made.session_token);
    SharedCredentialsProvider::new(Credentials::new(
        made.access_key_id,
        made.secret_access_key,
        token,
        None,
        "sts",
    ))
}

fn holding(given: &SdkConfig, provider: SharedCredentialsProvider) -> SdkConfig {
    given.clone().into_builder().credentials_provider(provider).build()
}

fn within(given: &SdkConfig, region: &str) -> SdkConfig {
    given
        .clone()
        .into_builder()
        .region(Region::new(region.to_string()))
        .build()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("the task has a text here")
}
