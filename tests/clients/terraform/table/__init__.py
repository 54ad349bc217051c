"""What the Terraform provider for authentik sends and reads, resource by resource.

A row of RESOURCES is a resource whose operations are ours:

    path     the collection
    id       the member of the answer that addresses the object, and that `terraform import` takes
    create   the body when only the required arguments are set: the provider's own defaults, null for references that
             are not set, [] for lists that are not set; what it leaves out of a body is not there
    update   the body when every argument is set to something else
    hidden   what it sends and cannot read back
    reads    what else it reads
    read_as  members that are read under another name, as a path
    query    what it asks with when it reads
    ordered  lists that have to come back in the order in which they were sent; of others the provider keeps its own
    part_of  members to which the server may add
    instants members that are times, however they are written
    empty_is_null  members of which the empty text means null

A text that starts with @ names an object: `@flow:SLUG`, `@group:NAME` … are looked up by the list filters that the
data sources use, `@made:NAME` is one of FIXTURES; with `.member` behind it, another member than its key.
"""

from . import core, policies, providers, stages
from .data_sources import DATA_SOURCES
from .fixtures import FIXTURES

RESOURCES = {**core.RESOURCES, **providers.RESOURCES, **policies.RESOURCES, **stages.RESOURCES}

__all__ = ["DATA_SOURCES", "FIXTURES", "RESOURCES"]
