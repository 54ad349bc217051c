//! The command line. Exit code 0 only on success.

use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::{net::IpAddr, path::PathBuf};

/// The identity provider that people keep in git.
#[derive(Debug, Parser)]
#[command(name = "lockgate", version, about, arg_required_else_help = false)]
pub(crate) struct Cli {
    /// Settings file in TOML; `lockgate.toml` is read when there is one.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,
    /// What to do; `server` when nothing is said.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve everything: pages, API, forward auth, and the background jobs.
    Server,
    /// Run only the background jobs.
    Worker {
        /// Threads for the jobs.
        #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
        concurrency: u16,
    },
    /// Bring the database's schema up to date.
    Migrate,
    /// List the migrations and whether each was applied.
    Showmigrations,
    /// Check a configuration folder without touching any database.
    Check {
        /// The folder; the one in the settings, or ./config.
        dir: Option<PathBuf>,
        /// Form of the report.
        #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
        format: CheckFormat,
    },
    /// Show what a configuration folder would change: objects, and who gains or loses which application or
    /// claim. Changes nothing. Exits with 2 when there are changes, with 0 when there are none.
    Plan {
        /// The folder; the one in the settings, or ./config.
        dir: Option<PathBuf>,
        /// Form of the report.
        #[arg(long, value_enum, default_value_t = PlanFormat::Text)]
        format: PlanFormat,
        #[command(flatten)]
        remote: Remote,
    },
    /// Put a configuration folder into force, all of it or nothing, and record it as a revision.
    Apply {
        /// The folder; the one in the settings, or ./config.
        dir: Option<PathBuf>,
        /// Who made the change; the author of the commit, or the user of this machine.
        #[arg(long, value_name = "NAME")]
        author: Option<String>,
        /// Why.
        #[arg(long, value_name = "TEXT", default_value = "")]
        message: String,
        /// Refuse to apply unless this revision is in force.
        #[arg(long, value_name = "N")]
        expect_revision: Option<i64>,
        /// Form of the report.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        #[command(flatten)]
        remote: Remote,
    },
    /// List the revisions of the configuration, or show what one of them changed.
    Revisions {
        /// Number of the revision to show.
        number: Option<i64>,
        /// Form of the report.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        #[command(flatten)]
        remote: Remote,
    },
    /// Return to the configuration of an earlier revision, by a new one.
    Rollback {
        /// Number of the revision to return to.
        number: i64,
        /// Who does; the user of this machine.
        #[arg(long, value_name = "NAME")]
        author: Option<String>,
        /// Why.
        #[arg(long, value_name = "TEXT", default_value = "")]
        message: String,
        /// Form of the report.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        #[command(flatten)]
        remote: Remote,
    },
    /// Show what the ID token of a user at an application would say, and which mapping made each claim,
    /// with the configuration in force. Changes nothing.
    Claims {
        /// User name.
        #[arg(long)]
        user: String,
        /// Slug of the application.
        #[arg(long)]
        app: String,
        /// Scopes that are asked for, separated by spaces; all that the application has.
        #[arg(long)]
        scope: Option<String>,
        /// Form of the report.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Explain whether a user may open an application, with the configuration in force: which binding passes,
    /// which policy decides, and what would have to be so. Changes nothing.
    Explain {
        /// User name.
        #[arg(long)]
        user: String,
        /// Slug of the application.
        #[arg(long)]
        app: String,
        /// Address that the request comes from.
        #[arg(long)]
        ip: Option<IpAddr>,
        /// Moment of the request, such as 2026-12-24T18:00:00Z; now.
        #[arg(long, value_name = "TIME")]
        at: Option<DateTime<Utc>>,
        /// As after a login with a second factor.
        #[arg(long)]
        mfa: bool,
        /// Form of the report.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Draw a flow, with the configuration in force: what guards it, its stages in order, and what may skip
    /// each. Changes nothing.
    Diagram {
        /// Slug of the flow.
        flow: String,
        /// Form of the drawing.
        #[arg(long, value_enum, default_value_t = Drawing::Svg)]
        format: Drawing,
    },
    /// Print the JSON Schema of the configuration language, for editors.
    Schema,
    /// Print the OpenAPI document.
    Openapi {
        /// JSON instead of YAML.
        #[arg(long)]
        json: bool,
    },
    /// Ask a running server whether it is alive.
    Healthcheck,
    /// Put a user into the group of administrators, which is made if it is missing.
    #[command(name = "create_admin_group")]
    CreateAdminGroup {
        /// User name.
        #[arg(default_value = "akadmin")]
        user: String,
    },
    /// Set a user's password, asked for twice, or read from standard input when that is no terminal.
    Changepassword {
        /// User name.
        user: String,
    },
}

/// Form of a check's report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
    /// Annotations of a pull request, as GitHub shows them.
    Github,
}

/// A running server instead of the database.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Remote {
    /// Address of a running server, such as https://auth.example.com; the database unless given.
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// File that holds an API token for it; LOCKGATE_TOKEN unless given.
    #[arg(long, value_name = "FILE", requires = "server")]
    pub(crate) token_file: Option<PathBuf>,
}

/// Form of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
    /// For a pull request.
    Markdown,
}

/// Form of a drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Drawing {
    /// A picture.
    Svg,
    /// Text that Mermaid draws, for Markdown.
    Mermaid,
}

/// Form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For machines.
    Json,
}
