//! What people do, and how administrative acts are grouped.

use serde::Serialize;

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Open an application.
    Access,
    /// Run a flow, or a stage of it.
    Run,
    /// Hold an entitlement in an application.
    Hold,
    /// Be the one whose event is told of by a rule.
    Notify,
    /// Make something.
    Create,
    /// See something.
    Read,
    /// Change something.
    Update,
    /// Delete something.
    Delete,
    /// Set the password of a user.
    SetPassword,
    /// Act as a user for a while.
    Impersonate,
    /// End sessions of a user.
    EndSession,
    /// Make a token that acts as a user, or set the key of one.
    IssueToken,
    /// See the key of a user's token, the private key of a pair, or the secrets of a proxy provider.
    ViewKey,
    /// Ask what a user may open, and what tokens would say of that user.
    CheckAccess,
    /// Put users and groups into a group, and take them out.
    ManageMembers,
    /// Make the members of a group superusers.
    GrantSuperuser,
    /// Give a role to users and groups, and take it away.
    GrantRole,
    /// Say what a role permits.
    DefineRole,
    /// Be sent through a flow to try it.
    Execute,
    /// Look into a flow in progress.
    Inspect,
    /// Get the text of a flow with all its parts, or all users in one go.
    Export,
    /// Try a policy on a user.
    Test,
    /// Drop what is cached of objects of a kind.
    ClearCache,
}

impl Action {
    /// Every administrative act.
    pub const ADMINISTRATIVE: [Self; 19] = [
        Self::Create,
        Self::Read,
        Self::Update,
        Self::Delete,
        Self::SetPassword,
        Self::Impersonate,
        Self::EndSession,
        Self::IssueToken,
        Self::ViewKey,
        Self::CheckAccess,
        Self::ManageMembers,
        Self::GrantSuperuser,
        Self::GrantRole,
        Self::DefineRole,
        Self::Execute,
        Self::Inspect,
        Self::Export,
        Self::Test,
        Self::ClearCache,
    ];

    /// Its name in Cedar.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Run => "run",
            Self::Hold => "hold",
            Self::Notify => "notify",
            Self::Create => "create",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::SetPassword => "set_password",
            Self::Impersonate => "impersonate",
            Self::EndSession => "end_session",
            Self::IssueToken => "issue_token",
            Self::ViewKey => "view_key",
            Self::CheckAccess => "check_access",
            Self::ManageMembers => "manage_members",
            Self::GrantSuperuser => "grant_superuser",
            Self::GrantRole => "grant_role",
            Self::DefineRole => "define_role",
            Self::Execute => "execute",
            Self::Inspect => "inspect",
            Self::Export => "export",
            Self::Test => "test",
            Self::ClearCache => "clear_cache",
        }
    }

    /// The administrative act of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ADMINISTRATIVE.into_iter().find(|act| act.as_str() == name)
    }

    /// Whether it is an administrative act.
    #[must_use]
    pub fn is_administrative(self) -> bool {
        !matches!(self, Self::Access | Self::Run | Self::Hold | Self::Notify)
    }

    /// The groups of actions that it is in, in Cedar: all acts `administer`, `manage` are those on what there
    /// is, `take_over` those by which one can become somebody else.
    pub(crate) fn groups(self) -> &'static [&'static str] {
        match self {
            Self::Access | Self::Run | Self::Hold | Self::Notify => &[],
            Self::Create | Self::Read | Self::Update | Self::Delete => &["manage", "administer"],
            Self::SetPassword
            | Self::Impersonate
            | Self::IssueToken
            | Self::ViewKey
            | Self::ManageMembers
            | Self::GrantSuperuser
            | Self::GrantRole
            | Self::DefineRole => &["take_over", "administer"],
            _ => &["administer"],
        }
    }
}
