package secret

import "testing"

func TestNamed(t *testing.T) {
	for _, name := range []string{
		"password", "target-password", "targetPassword", "TARGET_PASSWORD", "targetpassword", "db.passwd", "PASSWORD2", "passphrase", "pass-phrase", "user-pass",
		"pwd", "pw", "secret", "client_secret", "clientSecret", "secret-key", "secretKey", "secret_id", "secrets",
		"token", "api-token", "apiToken", "APIToken", "session_token", "AWS_SESSION_TOKEN", "github-token", "sessiontoken", "refreshToken", "mysecret",
		"apikey", "api_key", "X-API-Key", "access-key", "aws_secret_access_key", "private-key", "privateKey", "account-key", "signing_key",
		"credential", "credentials", "aws-credentials", "creds", "authorization", "Proxy-Authorization", "bearer", "cookie", "Set-Cookie", "jwt",
	} {
		if !Named(name) {
			t.Errorf("%s is not recognized as a secret", name)
		}
	}
	for _, name := range []string{
		"", "-", "shards", "user", "username", "key", "keys", "partition-key", "sort_key", "author", "auth-type", "compass", "bypass", "pass-through", "passes",
		"tokenizer", "token-count", "max-tokens", "tokens_per_minute", "token-ttl", "tokenExpiry", "token_type", "token-url", "secretary",
		"secret-name", "k8s_secret_name", "k8sSecretName", "user_secret_arn", "secretRef", "secretKeyRef", "secret-namespace", "secret-version",
		"password-file", "password-length", "password_min_length", "passwordPolicy", "credentials-path", "credential-provider", "cookie-name",
		"access-key-id", "AWS_ACCESS_KEY_ID", "token-id", "api-key-header", "password-rotation-days", "secret_enabled",
	} {
		if Named(name) {
			t.Errorf("%s is taken for a secret", name)
		}
	}
}
