//! The command line. Exit code 0 only on success.

use crate::doctor::Doctor;
use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand, ValueEnum};
use lockgate_identity::replay::usual_span;
use lockgate_model::Validity;
use std::{net::IpAddr, path::PathBuf};
use uuid::Uuid;

/// The longest life of a recovery key, in minutes: a year.
const MOST_RECOVERY_MINUTES: i64 = 365 * 24 * 60;

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
    /// Write everything that is in the database into one file, as it is at one moment, while servers run. The secret key is
    /// not in it.
    Backup {
        /// The file; a database of SQLite, whichever database it is made of.
        file: PathBuf,
        /// Replace the file if there is one.
        #[arg(long)]
        force: bool,
    },
    /// Make the installation what it was when a backup was made, in one step. Servers may run meanwhile. All logins of the
    /// backup are ended.
    Restore {
        /// The file that `backup` has written.
        file: PathBuf,
        /// Let sessions, tokens of applications and links in mails of the backup live again, also those that were ended
        /// since.
        #[arg(long)]
        keep_sessions: bool,
    },
    /// Copy everything into another database that is empty, and compare both.
    Copy {
        /// The other database: postgres://… or sqlite://…; a password may be in PGPASSWORD.
        #[arg(long, value_name = "URL")]
        to: String,
    },
    /// Put another secret key into the place of the one that seals secrets in the database.
    RotateSecret,
    /// Check a configuration folder without touching any database.
    Check {
        /// The folder; the one in the settings, or ./config.
        dir: Option<PathBuf>,
        /// Form of the report.
        #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
        format: CheckFormat,
        /// Where secrets are not known, as in a pull request: something stands in for those that are missing.
        #[arg(long)]
        without_secrets: bool,
    },
    /// Run the tests of a configuration folder: its documents `test: NAME`. Touches no database and no server,
    /// and needs no secrets.
    Test {
        /// The folder; the one in the settings, or ./config.
        dir: Option<PathBuf>,
        /// Form of the report.
        #[arg(long, value_enum, default_value_t = TestFormat::Text)]
        format: TestFormat,
        /// Only tests with this text in their name or their file's.
        #[arg(long, value_name = "TEXT")]
        filter: Option<String>,
        /// List what no test touches.
        #[arg(long)]
        coverage: bool,
        /// Fail when less than this is covered, in percent.
        #[arg(long, value_name = "PERCENT", conflicts_with = "filter",
              value_parser = clap::value_parser!(u8).range(0..=100))]
        require_coverage: Option<u8>,
        /// Moment of whatever does not say when, instead of noon of a working day.
        #[arg(long, value_name = "TIME")]
        at: Option<DateTime<Utc>>,
    },
    /// Show what a configuration folder would change: objects, and who gains or loses which application or
    /// claim. Changes nothing. Exits with 2 when there are changes, with 0 when there are none.
    Plan {
        /// The folder; the one in the settings, or what a server would pull, or ./config.
        dir: Option<PathBuf>,
        /// Form of the report.
        #[arg(long, value_enum, default_value_t = PlanFormat::Text)]
        format: PlanFormat,
        #[command(flatten)]
        remote: Remote,
    },
    /// Put a configuration folder into force, all of it or nothing, and record it as a revision.
    Apply {
        /// The folder; the one in the settings, or what a server would pull, or ./config.
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
    /// Take the decisions of the last days again under a configuration folder, and show which would have come out
    /// differently: by the facts and the groups as they were, the accounts as they are. Changes nothing. Exits
    /// with 2 when there are some.
    Replay {
        /// The folder; the one in the settings, or what a server would pull, or ./config.
        dir: Option<PathBuf>,
        /// How far back, such as 7d or 12h.
        #[arg(long, value_name = "DURATION", default_value_t = usual_span())]
        since: Validity,
        /// Form of the report.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        #[command(flatten)]
        remote: Remote,
    },
    /// Go through a flow as somebody, without any effect, and show each stage with its reasons and how it ended.
    Simulate(Simulate),
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
    /// which policy decides, and the smallest change that would allow it. Changes nothing.
    Explain {
        /// User name.
        #[arg(long, required_unless_present = "decision", requires = "app")]
        user: Option<String>,
        /// Slug of the application.
        #[arg(long, required_unless_present = "decision", requires = "user")]
        app: Option<String>,
        /// Id of a decision that was taken, as the page of a denied person shows it.
        #[arg(long, value_name = "ID", conflicts_with_all = ["user", "app", "ip", "at", "mfa", "methods", "age",
              "user_agent"])]
        decision: Option<Uuid>,
        /// Address that the request comes from.
        #[arg(long)]
        ip: Option<IpAddr>,
        /// Moment of the request, such as 2026-12-24T18:00:00Z; now.
        #[arg(long, value_name = "TIME")]
        at: Option<DateTime<Utc>>,
        /// As after a login with a second factor.
        #[arg(long)]
        mfa: bool,
        /// As after a login by these means (RFC 8176), such as pwd,otp,mfa.
        #[arg(long, value_name = "METHODS", value_delimiter = ',')]
        methods: Vec<String>,
        /// As so long after the login, such as 10m.
        #[arg(long, value_name = "DURATION")]
        age: Option<Validity>,
        /// The `User-Agent` of the request.
        #[arg(long, value_name = "TEXT", default_value = "")]
        user_agent: String,
        /// Form of the report.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Try expressions out on a person of the installation: one that is given, those that are written one after
    /// the other, or what standard input holds. Changes nothing.
    Rhai {
        /// The expression.
        expression: Option<String>,
        /// User name; nobody is signed in without one.
        #[arg(long)]
        user: Option<String>,
        /// Slug of the application that is asked for.
        #[arg(long)]
        app: Option<String>,
        /// Address that the request comes from.
        #[arg(long)]
        ip: Option<IpAddr>,
        /// Moment of the request, such as 2026-12-24T18:00:00Z; now.
        #[arg(long, value_name = "TIME")]
        at: Option<DateTime<Utc>>,
        /// As after a login with a second factor.
        #[arg(long)]
        mfa: bool,
        /// Form of the answer.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        /// Print what expressions may use, instead.
        #[arg(long, conflicts_with_all = ["expression", "user", "app", "ip", "at", "mfa"])]
        reference: bool,
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
    /// Write what was made through the API and the admin interface as documents of a configuration folder,
    /// with the configuration in force. Changes nothing.
    Export {
        /// The folder to write into; to standard output without one.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// What belongs to the configuration folder, too.
        #[arg(long)]
        all: bool,
        /// Overwrite files that are there.
        #[arg(long)]
        force: bool,
        /// Write the secrets, as environment variables, into this file that only its owner can read.
        #[arg(long, value_name = "FILE")]
        secrets: Option<PathBuf>,
    },
    /// Read accounts from a table (CSV) whose first line names the columns: username, email, name, path, type, active,
    /// groups (parted by ;), attributes (JSON), attributes.NAME, password_hash. An account that is there as its row says
    /// is left alone, so that what was interrupted can be begun again. Exit code 0 when every row was taken, 3 when some
    /// were refused, which are listed, 1 when nothing could be done.
    Import {
        /// The table; - reads it from standard input.
        file: PathBuf,
        /// Only tell what would be done.
        #[arg(long)]
        dry_run: bool,
        /// Change accounts that are there to what their rows say.
        #[arg(long)]
        update: bool,
        /// Make groups that are not there.
        #[arg(long)]
        create_groups: bool,
        /// Form of the report.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Write all accounts as a table that `import` reads.
    ExportUsers {
        /// The file to write, which nobody else can read; without it, standard output.
        file: Option<PathBuf>,
        /// With the hashes of their passwords.
        #[arg(long)]
        password_hashes: bool,
    },
    /// Turn blueprints of authentik into a configuration folder. Exit code 0 when everything was carried over,
    /// 3 when something is left to do by hand, which is listed, 1 when nothing could be done.
    ImportBlueprint {
        /// Blueprints, or folders of them; they may refer to each other.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// The folder to write into.
        #[arg(long, value_name = "DIR", default_value = "imported")]
        out: PathBuf,
        /// Overwrite files that are there.
        #[arg(long)]
        force: bool,
        /// Write the secrets of the blueprints, as environment variables, into this file that only its owner can
        /// read.
        #[arg(long, value_name = "FILE")]
        secrets: Option<PathBuf>,
        /// Form of the report.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Print the JSON Schema of the configuration language, for editors.
    Schema,
    /// Print the OpenAPI document.
    Openapi {
        /// JSON instead of YAML.
        #[arg(long)]
        json: bool,
        /// The page on where the API differs from the reference, instead of the document.
        #[arg(long, conflicts_with = "json")]
        compatibility: bool,
    },
    /// Ask a running server whether it is alive.
    Healthcheck,
    /// Look at a set-up from outside, as its visitors see it: settings, data folder, database, mail server, clocks, the
    /// running server, proxies, certificates, cookies, addresses. Says what is wrong and how to mend it. Changes nothing.
    /// Exit code 0 when nothing is broken, 1 when something is; warnings count as whole.
    Doctor(Doctor),
    /// Send a test mail, and show what the mail server says.
    #[command(name = "test_email")]
    TestEmail {
        /// To this address.
        to: String,
        /// By the mail server of this stage, instead of the one in the settings.
        #[arg(short = 'S', long, value_name = "NAME")]
        stage: Option<String>,
    },
    /// Put a user into the group of administrators, which is made if it is missing.
    #[command(name = "create_admin_group")]
    CreateAdminGroup {
        /// User name.
        #[arg(default_value = "akadmin")]
        user: String,
    },
    /// Make an address that signs somebody in who is locked out, once.
    #[command(name = "create_recovery_key", allow_missing_positional = true)]
    CreateRecoveryKey {
        /// For how many minutes it is good.
        #[arg(value_name = "MINUTES", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=MOST_RECOVERY_MINUTES))]
        minutes: u32,
        /// User name.
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

/// Form of a report of tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestFormat {
    /// For people.
    Text,
    /// For build servers: JUnit's XML.
    Junit,
    /// For machines.
    Json,
}

/// A flow that is gone through without any effect.
#[derive(Debug, Clone, Args)]
pub(crate) struct Simulate {
    /// Slug of the flow.
    pub(crate) flow: String,
    /// Who goes through it; a visitor unless given.
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// What is answered, once, to the first page that asks for it. A stage alone is a yes, as to a consent.
    #[arg(long = "answer", value_name = "KEY=VALUE|STAGE")]
    pub(crate) answers: Vec<String>,
    /// They are signed in at the start, or are not; as suits the flow unless given.
    #[arg(long, value_name = "BOOL")]
    pub(crate) signed_in: Option<bool>,
    /// They signed in with a second factor.
    #[arg(long)]
    pub(crate) mfa: bool,
    /// The application that the flow leads to, by slug.
    #[arg(long, value_name = "SLUG")]
    pub(crate) app: Option<String>,
    /// Address that requests come from.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) ip: Option<IpAddr>,
    /// Moment, such as 2026-05-01T08:00:00Z; now unless given.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<DateTime<Utc>>,
    /// A configuration folder under which it happens; what is in force unless given.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) dir: Option<PathBuf>,
    /// Form of the report.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
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
