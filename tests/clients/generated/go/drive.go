// Drives the API with the client that OpenAPI Generator made; see ../README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"reflect"

	"lockgate-tests-generated/lockgate"
)

func main() {
	configuration := lockgate.NewConfiguration()
	configuration.Servers[0].URL = os.Getenv("LOCKGATE_URL") + "/api/v3"
	client := lockgate.NewAPIClient(configuration)
	core, policies, providers := client.CoreAPI, client.PoliciesAPI, client.ProvidersAPI
	ctx := as(os.Getenv("LOCKGATE_TOKEN"))

	// Sign in.
	refused := bad[lockgate.GenericError](403)(core.CoreUsersMeRetrieve(as("nobody")).Execute())
	same(refused.Detail != "", true)
	me := good(core.CoreUsersMeRetrieve(ctx).Execute())
	same(me.User.Username, "akadmin")

	// Page through users.
	var made, found []int64
	for n := range 4 {
		body := lockgate.NewUserRequest(fmt.Sprintf("go-%d", n), fmt.Sprintf("Go %d", n))
		user := good(core.CoreUsersCreate(ctx).UserRequest(*body).Execute())
		same(user.LastLogin.IsSet(), true)
		made = append(made, user.Pk)
	}
	for page := int32(1); page != 0; {
		users := good(core.CoreUsersList(ctx).Search("go-").Ordering("username").Page(page).PageSize(2).Execute())
		same(users.Pagination.Count, 4)
		same(users.Pagination.TotalPages, 2)
		for _, user := range users.Results {
			found = append(found, user.Pk)
		}
		page = users.Pagination.Next
	}
	same(found, made)

	// Create a group, and an application with a provider and a binding.
	groupRequest := lockgate.NewGroupRequest("go")
	groupRequest.Users = made[:1]
	group := good(core.CoreGroupsCreate(ctx).GroupRequest(*groupRequest).Execute())
	flow := func(slug string) string { return good(client.FlowsAPI.FlowsInstancesRetrieve(ctx, slug).Execute()).Pk }
	providerRequest := lockgate.NewOAuth2ProviderRequest(
		"go",
		flow("default-provider-authorization-implicit-consent"),
		flow("default-provider-invalidation-flow"),
		[]lockgate.RedirectURIRequest{
			*lockgate.NewRedirectURIRequest(lockgate.MATCHINGMODEENUM_STRICT, "https://app.example.com/callback"),
		},
	)
	provider := good(providers.ProvidersOauth2Create(ctx).OAuth2ProviderRequest(*providerRequest).Execute())
	same(provider.ClientType, lockgate.CLIENTTYPEENUM_CONFIDENTIAL)
	applicationRequest := lockgate.NewApplicationRequest("Go", "go")
	applicationRequest.SetProvider(provider.Pk)
	applicationRequest.SetMetaPublisher("Somebody")
	application := good(core.CoreApplicationsCreate(ctx).ApplicationRequest(*applicationRequest).Execute())
	bindingRequest := lockgate.NewPolicyBindingRequest(application.Pk, 0)
	bindingRequest.SetGroup(group.Pk)
	binding := good(policies.PoliciesBindingsCreate(ctx).PolicyBindingRequest(*bindingRequest).Execute())

	// Change them.
	providerChange := lockgate.NewPatchedOAuth2ProviderRequest()
	providerChange.SetClientType(lockgate.CLIENTTYPEENUM_PUBLIC)
	good(providers.ProvidersOauth2PartialUpdate(ctx, provider.Pk).PatchedOAuth2ProviderRequest(*providerChange).Execute())
	applicationChange := lockgate.NewPatchedApplicationRequest()
	applicationChange.SetMetaDescription("Changed.")
	good(core.CoreApplicationsPartialUpdate(ctx, "go").PatchedApplicationRequest(*applicationChange).Execute())
	bindingChange := lockgate.NewPatchedPolicyBindingRequest()
	bindingChange.SetOrder(7)
	good(policies.PoliciesBindingsPartialUpdate(ctx, binding.Pk).PatchedPolicyBindingRequest(*bindingChange).Execute())

	// Read them back; what was not changed is as it was.
	secret := provider.ClientSecret
	provider = good(providers.ProvidersOauth2Retrieve(ctx, provider.Pk).Execute())
	same(provider.ClientType, lockgate.CLIENTTYPEENUM_PUBLIC)
	same(provider.GetAssignedApplicationSlug(), "go")
	same(provider.ClientSecret, secret)
	same(provider.RedirectUris[0].Url, "https://app.example.com/callback")
	application = good(core.CoreApplicationsRetrieve(ctx, "go").Execute())
	same(application.MetaDescription, "Changed.")
	same(application.MetaPublisher, "Somebody")
	same(application.ProviderObj.Get().Pk, provider.Pk)
	binding = good(policies.PoliciesBindingsRetrieve(ctx, binding.Pk).Execute())
	same(binding.Order, 7)
	same(binding.Target, application.Pk)
	same(binding.GroupObj.Get().Name, "go")
	group = good(core.CoreGroupsRetrieve(ctx, group.Pk).Execute())
	same(group.UsersObj[0].Username, "go-0")

	// Errors are values: about the body as a whole, and about a field.
	unbound := lockgate.NewPolicyBindingRequest(application.Pk, 0)
	wrong := bad[lockgate.ValidationError](400)(policies.PoliciesBindingsCreate(ctx).PolicyBindingRequest(*unbound).Execute())
	same(wrong.NonFieldErrors, []string{"Exactly one of 'policy', 'group' and 'user' must be set."})
	nameless := lockgate.NewApplicationRequest("", "go-2")
	wrong = bad[lockgate.ValidationError](400)(core.CoreApplicationsCreate(ctx).ApplicationRequest(*nameless).Execute())
	same[any](wrong.AdditionalProperties["name"], []any{"This field may not be blank."})

	// Delete them.
	gone(policies.PoliciesBindingsDestroy(ctx, binding.Pk).Execute())
	gone(core.CoreApplicationsDestroy(ctx, "go").Execute())
	gone(providers.ProvidersOauth2Destroy(ctx, provider.Pk).Execute())
	gone(core.CoreGroupsDestroy(ctx, group.Pk).Execute())
	for _, pk := range made {
		gone(core.CoreUsersDestroy(ctx, int32(pk)).Execute())
	}
	bad[lockgate.GenericError](404)(core.CoreGroupsRetrieve(ctx, group.Pk).Execute())

	fmt.Println("go: done")
}

func as(token string) context.Context {
	return context.WithValue(context.Background(), lockgate.ContextAccessToken, token)
}

// good answers what was answered, which has to be no error.
func good[T any](value *T, _ *http.Response, err error) *T {
	if err != nil {
		panic(explained(err))
	}
	return value
}

// bad answers the error that was answered, which has to be of this type and have this status.
func bad[E any](status int) func(any, *http.Response, error) E {
	return func(_ any, response *http.Response, err error) E {
		var answered *lockgate.GenericOpenAPIError
		if !errors.As(err, &answered) {
			panic(fmt.Sprintf("no error was answered: %v", err))
		}
		same(response.StatusCode, status)
		model, is := answered.Model().(E)
		if !is {
			panic(fmt.Sprintf("an error of another type: %T: %s", answered.Model(), answered.Body()))
		}
		return model
	}
}

// gone takes the answer to a deletion: neither a body nor an error.
func gone(response *http.Response, err error) {
	if err != nil {
		panic(explained(err))
	}
	same(response.StatusCode, 204)
}

// explained says what was answered, which the error alone does not.
func explained(err error) string {
	var answered *lockgate.GenericOpenAPIError
	if errors.As(err, &answered) {
		return fmt.Sprintf("%v: %s", err, answered.Body())
	}
	return err.Error()
}

func same[T any](found, expected T) {
	if !reflect.DeepEqual(found, expected) {
		panic(fmt.Sprintf("%#v instead of %#v", found, expected))
	}
}
