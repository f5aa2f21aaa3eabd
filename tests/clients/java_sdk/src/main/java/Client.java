import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.ProfileCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4FamilyHttpSigner;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4HttpSigner;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.awssdk.services.sts.auth.StsAssumeRoleCredentialsProvider;
import software.amazon.awssdk.services.sts.model.AssumeRoleRequest;
import software.amazon.awssdk.services.sts.model.Credentials;

/** Does the scenarios of tests/clients/scenarios.py with the AWS SDK for Java 2. */
public final class Client {

    private static final Pattern ARN = Pattern.compile("<Arn>(.*?)</Arn>");
    private static final AwsCredentialsProvider GIVEN =
            DefaultCredentialsProvider.builder().build();
    private static JsonNode task;

    public static void main(String[] words) throws Exception {
        trust(Path.of(System.getenv("SSL_CERT_FILE")));
        task = JsonNode.parser().parse(Files.readString(Path.of(words[0])));
        for (String scenario : Arrays.copyOfRange(words, 1, words.length)) {
            Map<String, String> answer = new LinkedHashMap<>();
            try {
                answer.putAll(play(scenario));
            } catch (Exception failed) {
                answer.put("error", failed.toString());
            }
            answer.put("scenario", scenario);
            System.out.println(json(answer));
        }
    }

    /** Java asks no variable which authorities to trust; it has a store of its own. */
    private static void trust(Path authority) throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (InputStream text = Files.newInputStream(authority)) {
            for (Certificate one : CertificateFactory.getInstance("X.509").generateCertificates(text)) {
                store.setCertificateEntry("authority" + store.size(), one);
            }
        }
        Path made = Files.createTempFile("authority", ".p12");
        made.toFile().deleteOnExit();
        try (OutputStream out = Files.newOutputStream(made)) {
            store.store(out, "changeit".toCharArray());
        }
        System.setProperty("javax.net.ssl.trustStore", made.toString());
        System.setProperty("javax.net.ssl.trustStorePassword", "changeit");
    }

    private static Map<String, String> play(String scenario) throws IOException, InterruptedException {
        return switch (scenario) {
            case "caller-identity" -> who(GIVEN);
            case "mfa-role" -> mfaRole();
            case "mfa-session" -> mfaSession();
            case "assume-role" -> who(assumed(GIVEN, role("first", "assumed")));
            case "chained-role" -> who(assumed(assumed(GIVEN, role("first", "link")), role("second", "chained")));
            case "session-token" -> sessionToken();
            case "federation-token" -> federationToken();
            case "presigned" -> presigned();
            case "web-identity" -> who(profile("web"));
            case "profile" -> who(profile("role"));
            case "credential-process" -> who(profile("process"));
            case "refreshed" -> refreshed();
            case "revoked" -> revoked();
            case "regional-endpoint" -> who(GIVEN, Region.of(told("other_region")));
            case "global-endpoint" -> who(GIVEN, Region.AWS_GLOBAL);
            default -> throw new IllegalArgumentException("no scenario " + scenario);
        };
    }

    private static Map<String, String> who(AwsCredentialsProvider provider) {
        return who(provider, Region.of(told("region")));
    }

    private static Map<String, String> who(AwsCredentialsProvider provider, Region region) {
        try (StsClient sts = sts(provider, region)) {
            return Map.of("arn", sts.getCallerIdentity().arn());
        }
    }

    private static Map<String, String> mfaRole() {
        AssumeRoleRequest.Builder request = role("guarded", "mfa");
        return who(assumed(GIVEN, request.serialNumber(mfa(0, "serial")).tokenCode(mfa(0, "code"))));
    }

    private static Map<String, String> mfaSession() {
        Credentials made = sts(GIVEN)
                .getSessionToken(r -> r.serialNumber(mfa(1, "serial")).tokenCode(mfa(1, "code")))
                .credentials();
        return who(assumed(fixed(made), role("guarded", "session")));
    }

    private static Map<String, String> sessionToken() {
        Credentials made = sts(GIVEN).getSessionToken().credentials();
        return Map.of("arn", who(fixed(made)).get("arn"), "key", made.accessKeyId());
    }

    private static Map<String, String> federationToken() {
        return who(fixed(sts(GIVEN).getFederationToken(r -> r.name("guest")).credentials()));
    }

    /** This SDK has a signer that presigns, and no presigner for STS. */
    private static Map<String, String> presigned() throws IOException, InterruptedException {
        SdkHttpRequest request = SdkHttpRequest.builder()
                .method(SdkHttpMethod.GET)
                .uri(URI.create(System.getenv("AWS_ENDPOINT_URL_STS")))
                .encodedPath("/")
                .putRawQueryParameter("Action", "GetCallerIdentity")
                .putRawQueryParameter("Version", "2011-06-15")
                .build();
        URI signed = AwsV4HttpSigner.create()
                .sign(r -> r.identity(GIVEN.resolveCredentials())
                        .request(request)
                        .putProperty(AwsV4HttpSigner.REGION_NAME, told("region"))
                        .putProperty(AwsV4FamilyHttpSigner.SERVICE_SIGNING_NAME, "sts")
                        .putProperty(AwsV4FamilyHttpSigner.AUTH_LOCATION, AwsV4FamilyHttpSigner.AuthLocation.QUERY_STRING)
                        .putProperty(AwsV4FamilyHttpSigner.EXPIRATION_DURATION, Duration.ofMinutes(15)))
                .request()
                .getUri();
        String answer = HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(signed).build(), HttpResponse.BodyHandlers.ofString())
                .body();
        Matcher found = ARN.matcher(answer);
        return found.find() ? Map.of("arn", found.group(1)) : Map.of("error", answer);
    }

    /** To a provider whose margin is longer than a session lives, each session is about to expire. */
    private static Map<String, String> refreshed() {
        Watched client = new Watched(StsAssumeRoleCredentialsProvider.builder()
                .stsClient(sts(GIVEN))
                .refreshRequest(role("first", "short").durationSeconds(900).build())
                .staleTime(Duration.ofHours(1))
                .prefetchTime(Duration.ofHours(2))
                .build());
        who(client);
        who(client);
        return Map.of("first", client.first(), "second", client.last());
    }

    private static Map<String, String> revoked() throws IOException, InterruptedException {
        Watched client = new Watched(assumed(GIVEN, role("first", "revoked")));
        who(client);
        List<String> command = new ArrayList<>();
        list("revoke").forEach(word -> command.add(word.asString()));
        command.add(client.last());
        new ProcessBuilder(command).inheritIO().redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor();
        Map<String, String> answer = new LinkedHashMap<>();
        answer.put("first", client.first());
        try {
            who(client);
            answer.put("refused", null);
        } catch (AwsServiceException refused) {
            answer.put("refused", refused.awsErrorDetails().errorCode());
            // A provider of this SDK keeps its session until it expires; a new provider makes a new one.
            client = new Watched(assumed(GIVEN, role("first", "revoked")));
            who(client);
        }
        answer.put("second", client.last());
        return answer;
    }

    /** A provider that remembers the access key ids of all that it has provided. */
    private record Watched(AwsCredentialsProvider provider, List<String> keys) implements AwsCredentialsProvider {

        Watched(AwsCredentialsProvider provider) {
            this(provider, new ArrayList<>());
        }

        @Override
        public AwsCredentials resolveCredentials() {
            AwsCredentials made = provider.resolveCredentials();
            keys.add(made.accessKeyId());
            return made;
        }

        String first() {
            return keys.get(0);
        }

        String last() {
            return keys.get(keys.size() - 1);
        }
    }

    private static AssumeRoleRequest.Builder role(String role, String name) {
        String arn = task.field("roles").orElseThrow().field(role).orElseThrow().asString();
        return AssumeRoleRequest.builder().roleArn(arn).roleSessionName(name);
    }

    private static AwsCredentialsProvider assumed(AwsCredentialsProvider by, AssumeRoleRequest.Builder request) {
        return StsAssumeRoleCredentialsProvider.builder()
                .stsClient(sts(by))
                .refreshRequest(request.build())
                .build();
    }

    private static AwsCredentialsProvider profile(String name) {
        return ProfileCredentialsProvider.create(
                task.field("profiles").orElseThrow().field(name).orElseThrow().asString());
    }

    private static AwsCredentialsProvider fixed(Credentials made) {
        return StaticCredentialsProvider.create(
                AwsSessionCredentials.create(made.accessKeyId(), made.secretAccessKey(), made.sessionToken()));
    }

    private static StsClient sts(AwsCredentialsProvider provider) {
        return sts(provider, Region.of(told("region")));
    }

    private static StsClient sts(AwsCredentialsProvider provider, Region region) {
        return StsClient.builder().credentialsProvider(provider).region(region).build();
    }

    private static String mfa(int device, String member) {
        return list("mfa").get(device).field(member).orElseThrow().asString();
    }

    private static String told(String member) {
        return task.field(member).orElseThrow().asString();
    }

    private static List<JsonNode> list(String member) {
        return task.field(member).orElseThrow().asArray();
    }

    private static String json(Map<String, String> answer) {
        return answer.entrySet().stream()
                .map(member -> quoted(member.getKey()) + ": " + quoted(member.getValue()))
                .collect(Collectors.joining(", ", "{", "}"));
    }

    private static String quoted(String text) {
        if (text == null) {
            return "null";
        }
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
    }
}
