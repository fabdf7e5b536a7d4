// SPDX-License-Identifier: Apache-2.0
#include "control/control_client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/mem.h"

#define ANSWER_MAX	(256u << 20)
#define TIMEOUT_SECONDS 10L

struct answer {
	char *text;
	size_t n;
};

static size_t take(char *bytes, size_t size, size_t count, void *ctx)
{
	struct answer *answer = ctx;
	size_t n = size * count;

	if (n > ANSWER_MAX - answer->n)
		return 0;
	answer->text = xreallocarray(answer->text, answer->n + n + 1, 1);
	memcpy(answer->text + answer->n, bytes, n);
	answer->n += n;
	answer->text[answer->n] = '\0';
	return n;
}

static int explain(const char *socket, CURLcode code, struct err *err)
{
	if (access(socket, F_OK))
		return err_set(err, -ECONNREFUSED,
			       "nothing listens at %s: no such socket (is the daemon running? "
			       "--socket names another one)",
			       socket);
	if (access(socket, R_OK | W_OK))
		return err_set(err, -ECONNREFUSED, "cannot use %s: %s", socket, strerror(errno));
	if (code == CURLE_COULDNT_CONNECT)
		return err_set(
			err, -ECONNREFUSED,
			"nothing listens at %s: the socket is a dead process's (is the daemon "
			"running? --socket names another one)",
			socket);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return err_set(err, -ECONNREFUSED,
			       "the daemon at %s does not answer within %ld seconds", socket,
			       TIMEOUT_SECONDS);
	return err_set(err, -ECONNREFUSED, "the daemon at %s does not answer: %s", socket,
		       curl_easy_strerror(code));
}

static int parse(const char *socket, const struct answer *answer, long status, json_t **out,
		 struct err *err)
{
	json_error_t error;
	json_t *json =
		json_loadb(answer->text ? answer->text : "", answer->n, JSON_DECODE_ANY, &error);

	if (!json)
		return err_set(err, -EPROTO, "the answer from %s is not JSON: %s", socket,
			       error.text);
	if (status != 200) {
		const char *why = json_string_value(json_object_get(json, "error"));

		err_set(err, -EPROTO, "%s answers %ld: %s", socket, status, why ? why : "?");
		json_decref(json);
		return -EPROTO;
	}
	*out = json;
	return 0;
}

int control_get(const char *socket, const char *path, json_t **out, struct err *err)
{
	struct answer answer = {0};
	char *url = xasprintf("http://localhost%s", path);
	CURL *curl = curl_easy_init();
	long status = 0;
	CURLcode code;
	int rc;

	if (!curl) {
		free(url);
		return err_set(err, -ENOMEM, "cannot start libcurl");
	}
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	rc = code ? explain(socket, code, err) : parse(socket, &answer, status, out, err);
	curl_easy_cleanup(curl);
	free(answer.text);
	free(url);
	return rc;
}
