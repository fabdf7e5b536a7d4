// SPDX-License-Identifier: Apache-2.0
#include "plan/ipam_claim.h"

#include <string.h>

#include "api/object.h"

static const char *const FAMILY_NAMES[] = {"IPv4", "IPv6"};

bool ipam_is_ours(const struct api_object *service)
{
	const char *class = plan_str(service->service.load_balancer_class);

	return strcmp(plan_str(service->service.type), "LoadBalancer") == 0 &&
	       (!*class || strcmp(class, IPAM_CLASS) == 0);
}

static const char *annotation(const struct api_object *obj, const char *key)
{
	return plan_str(api_pair_get(&obj->meta.annotations, key));
}

static bool is_ingress(const struct api_object *obj)
{
	return strcmp(annotation(obj, IPAM_ANNOTATION_INGRESS), "true") == 0 ||
	       (strcmp(plan_str(obj->meta.ns), IPAM_INGRESS_NAMESPACE) == 0 &&
		strcmp(obj->meta.name, IPAM_INGRESS_SERVICE) == 0);
}

/* The family of Services that name none. */
static int default_family(const struct api_cluster *spec)
{
	return spec->service_cidrs.n ? plan_family_index(spec->service_cidrs.v[0].addr.family) : 0;
}

static void read_families(struct claim *claim, const struct api_cluster *spec)
{
	const struct api_service *s = &claim->service->service;
	const uint32_t both = API_FAMILY_IPV4 | API_FAMILY_IPV6;

	/* Without families of its own a Service follows the one that it asks for by address. */
	claim->first = claim->requests.n ? plan_family_index(claim->requests.v[0].family)
					 : default_family(spec);
	if (s->ip_families)
		claim->first = s->prefers_ipv6 || s->ip_families == API_FAMILY_IPV6;
	claim->wants[claim->first] = true;
	if (s->require_dual_stack || s->prefer_dual_stack || s->ip_families == both)
		claim->wants[!claim->first] = true;
	/* Kubernetes takes two families without a policy for RequireDualStack. */
	claim->both = claim->wants[0] && claim->wants[1] && !s->prefer_dual_stack;
}

/* One address of a list; what is none refuses the whole wish, as nobody knows what was meant. */
static void read_request(struct claim *claim, const char *text, size_t n, plan_problems *problems)
{
	char one[IP_TEXT_MAX];
	struct ip_addr ip;

	while (n > 0 && *text == ' ') {
		text++;
		n--;
	}
	while (n > 0 && text[n - 1] == ' ')
		n--;
	if (n == 0)
		return;
	if (n < sizeof(one)) {
		memcpy(one, text, n);
		one[n] = '\0';
		if (ip_parse(one, &ip, NULL) == 0) {
			array_push(&claim->requests, ip);
			return;
		}
	}
	claim->refused[0] = claim->refused[1] = true;
	plan_problem_add(problems, claim->service, "AddressRefused",
			 "annotation " IPAM_ANNOTATION_IPS ": \"%.*s\" is not an IP address",
			 (int)(n > 100 ? 100 : n), text);
}

static void read_requests(struct claim *claim, plan_problems *problems)
{
	const char *list = annotation(claim->service, IPAM_ANNOTATION_IPS);

	if (ip_is_set(&claim->service->service.load_balancer_ip))
		array_push(&claim->requests, claim->service->service.load_balancer_ip);
	while (*list) {
		size_t n = strcspn(list, ",");

		read_request(claim, list, n, problems);
		list += list[n] ? n + 1 : n;
	}
}

static void refuse(struct claim *claim, const struct ip_addr *ip, const char *why,
		   plan_problems *problems)
{
	plan_problem_add(problems, claim->service, "AddressRefused", "%s is refused: %s",
			 ip_str(ip).s, why);
	claim->refused[plan_family_index(ip->family)] = true;
}

/* At most one request of each family stays, and none of a family that the Service has not. */
static void sort_requests_out(struct claim *claim, plan_problems *problems)
{
	struct ip_addr seen[2] = {{0}};
	size_t kept = 0;

	array_each(&claim->requests, ip) {
		int f = plan_family_index(ip->family);

		if (!claim->wants[f]) {
			plan_problem_add(problems, claim->service, "AddressRefused",
					 "%s is refused: the Service has no %s in its ipFamilies",
					 ip_str(ip).s, FAMILY_NAMES[f]);
		} else if (!ip_is_set(&seen[f])) {
			seen[f] = *ip;
			claim->requests.v[kept++] = *ip;
		} else if (!ip_equal(&seen[f], ip)) {
			refuse(claim, ip, "two addresses of one family are asked for", problems);
		}
	}
	claim->requests.n = kept;
}

void claim_read(struct claim *claim, const struct api_object *service, const struct pools *pools,
		plan_problems *problems)
{
	const char *pool = annotation(service, IPAM_ANNOTATION_POOL);

	claim->service = service;
	claim->ingress = is_ingress(service);
	read_requests(claim, problems);
	read_families(claim, pools->c->spec);
	sort_requests_out(claim, problems);
	if (!*pool)
		return;
	claim->pool = pool_named(pools, pool);
	claim->no_pool = !claim->pool;
	if (claim->no_pool)
		plan_problem_add(problems, service, "NoPool",
				 "annotation " IPAM_ANNOTATION_POOL ": there is no pool \"%s\"",
				 pool);
}
