//! What a script reads, told from its syntax tree, and the names it may use.
//!
//! The walk names at least every fact that a run can read: what it does not understand counts as
//! reading everything. A variable that it overlooked would be missing from the scope, so that the
//! run fails instead of being cached under too few facts.

use super::{Env, functions, roots, values};
use crate::{
    fact::{Fact, PersonReads, Reads},
    problem::nearest,
};
use rhai::{AST, ASTNode, BinaryExpr, Dynamic, Expr, FnCallExpr, Position, Scope, Stmt};
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::LazyLock,
};

pub(super) const USER: &[&str] = &[
    "username",
    "name",
    "email",
    "pk",
    "uid",
    "uuid",
    "is_active",
    "is_superuser",
    "is_authenticated",
    "is_anonymous",
    "attributes",
    "groups",
    "type",
    "path",
];
pub(super) const REQUEST: &[&str] = &["ip", "path", "host", "method", "user_agent", "context", "user"];
pub(super) const NOW: &[&str] = &["year", "month", "day", "weekday", "hour", "minute", "second", "unix"];
pub(super) const APP: &[&str] = &["slug", "name", "group", "entitlements", "entitlement_attributes"];
pub(super) const DEVICE: &[&str] = &["os", "browser", "kind"];

/// The variables that a script finds, with their properties; those without a list hold anything.
const ROOTS: [(&str, Option<&[&str]>); 17] = [
    ("user", Some(USER)),
    ("request", Some(REQUEST)),
    ("now", Some(NOW)),
    ("app", Some(APP)),
    ("context", None),
    ("pending", None),
    ("prompt_data", None),
    ("flow", None),
    ("notification", None),
    ("sms", None),
    ("mfa", None),
    ("authentication_methods", None),
    ("authentication_age", None),
    ("geoip", None),
    ("asn", None),
    ("device", Some(DEVICE)),
    ("ak_client_ip", None),
];

static DECLARED: LazyLock<Scope<'static>> = LazyLock::new(|| {
    let mut scope = Scope::new();
    for (name, _) in ROOTS {
        scope.push_dynamic(name, Dynamic::UNIT);
    }
    scope
});

/// A scope that declares every root, for strict compilation.
pub(super) fn declared() -> &'static Scope<'static> {
    &DECLARED
}

/// Names of the variables that a script finds.
pub(super) fn known_roots() -> impl Iterator<Item = &'static str> {
    ROOTS.into_iter().map(|(name, _)| name)
}

/// The variables and all of their properties, as they are written.
#[cfg(test)]
pub(super) fn known_paths() -> impl Iterator<Item = String> {
    ROOTS.into_iter().flat_map(|(root, properties)| {
        let properties = properties.into_iter().flatten().map(move |property| format!("{root}.{property}"));
        std::iter::once(root.to_owned()).chain(properties)
    })
}

/// What to write instead of a variable that the reference has.
pub(super) fn foreign_hint(name: &str) -> Option<String> {
    let advice = match name {
        "http_request" => "read `request.path`, `request.host`, `request.method` or `request.ip`",
        "ak_is_sso_flow" => "read `context.is_sso`",
        "ak_logger" => "use `print(text)`",
        "requests" => "expressions do no I/O",
        "user" | "request" | "now" | "context" => "functions see only their parameters: pass it as an argument",
        _ => return None,
    };
    Some(advice.to_owned())
}

/// Advice for a text that looks like Python.
pub(super) fn python_hint(source: &str) -> Option<String> {
    let python = ["def ", "elif ", " and ", " or ", " not ", "not ", "import ", "lambda "];
    let looks = python.iter().any(|word| source.contains(word)) || source.lines().any(|l| l.trim_end().ends_with(':'));
    looks.then(|| {
        "expressions are written in Rhai, not in Python: &&, ||, !, braces, and a semicolon after each statement"
            .to_owned()
    })
}

/// Which properties of a root are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Want {
    All,
    Some(BTreeSet<&'static str>),
}

impl Want {
    pub(super) fn has(&self, property: &str) -> bool {
        match self {
            Self::All => true,
            Self::Some(list) => list.contains(property),
        }
    }
}

/// The roots that a script reads.
#[derive(Debug, Clone, Default)]
pub(super) struct Roots {
    wants: BTreeMap<&'static str, Want>,
    groups: GroupReads,
}

/// How a script looks at the groups of the person.
#[derive(Debug, Clone, Default)]
struct GroupReads {
    /// How often it does.
    all: usize,
    /// How often it asks for one by a name that stands in its text.
    by_name: usize,
    /// These names.
    names: BTreeSet<String>,
}

/// Something wrong that the parser does not see.
pub(super) struct Complaint {
    pub(super) position: Position,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

/// Tells what a script reads, and refuses unknown properties and functions.
pub(super) fn analyse(ast: &AST, source: &str) -> Result<Roots, Complaint> {
    let mut walk = Walk::default();
    for function in ast.iter_functions() {
        walk.locals.insert(function.name.to_owned());
        walk.locals.extend(function.params.iter().map(|p| (*p).to_owned()));
    }
    walk.statements(ast.statements());
    if ast.has_functions() || walk.lost {
        walk.by_text(source);
    }
    if walk.lost {
        walk.roots.wants = ROOTS.into_iter().map(|(name, _)| (name, Want::All)).collect();
    }
    walk.check_properties()?;
    walk.check_calls(ast)?;
    Ok(walk.roots)
}

#[derive(Default)]
struct Walk {
    roots: Roots,
    /// Names that the script gives itself.
    locals: HashSet<String>,
    properties: Vec<(&'static str, String, Position)>,
    /// Met something that it does not know.
    lost: bool,
}

impl Walk {
    fn want(&mut self, name: &str, property: Option<(&str, Position)>) {
        let Some((root, known)) = ROOTS.into_iter().find(|(root, _)| *root == name) else { return };
        let canonical = property.and_then(|(p, _)| known.and_then(|list| list.iter().find(|k| **k == p)));
        if let (Some((p, position)), Some(_), None) = (property, known, canonical) {
            self.properties.push((root, p.to_owned(), position));
        }
        self.roots.groups.all += usize::from(root == "user" && canonical == Some(&"groups"));
        let want = self.roots.wants.entry(root).or_insert_with(|| Want::Some(BTreeSet::new()));
        match (canonical, &mut *want) {
            (Some(p), Want::Some(list)) => {
                list.insert(p);
            }
            (Some(_), Want::All) => {}
            (None, _) => *want = Want::All,
        }
    }

    fn statements(&mut self, list: &[Stmt]) {
        for statement in list {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Stmt) {
        match statement {
            Stmt::Noop(_) | Stmt::BreakLoop(None, ..) | Stmt::Return(None, ..) => {}
            Stmt::If(x, _) | Stmt::While(x, _) | Stmt::Do(x, ..) => {
                self.control(&x.expr, x.body.statements(), x.branch.statements())
            }
            Stmt::TryCatch(x, _) => {
                if let Expr::Variable(v, ..) = &x.expr {
                    self.locals.insert(v.1.to_string());
                }
                self.statements(x.body.statements());
                self.statements(x.branch.statements());
            }
            Stmt::For(x, _) => {
                self.locals.insert(x.0.name.to_string());
                self.locals.extend(x.1.iter().map(|i| i.name.to_string()));
                self.control(&x.2.expr, x.2.body.statements(), x.2.branch.statements());
            }
            Stmt::Switch(x, _) => {
                self.expr(&x.0);
                for case in &x.1.expressions {
                    self.expr(&case.lhs);
                    self.expr(&case.rhs);
                }
            }
            Stmt::Var(x, ..) => {
                self.locals.insert(x.0.name.to_string());
                self.expr(&x.1);
            }
            Stmt::Assignment(x) => {
                self.expr(&x.1.lhs);
                self.expr(&x.1.rhs);
            }
            Stmt::FnCall(x, _) => self.call(x),
            Stmt::Block(x) => self.statements(x.statements()),
            Stmt::Expr(x) | Stmt::BreakLoop(Some(x), ..) | Stmt::Return(Some(x), ..) => self.expr(x),
            Stmt::Share(x) => {
                for (ident, _) in x.iter() {
                    self.want(&ident.name, None);
                }
            }
            _ => self.lost = true,
        }
    }

    fn control(&mut self, expr: &Expr, body: &[Stmt], branch: &[Stmt]) {
        self.expr(expr);
        self.statements(body);
        self.statements(branch);
    }

    fn exprs<'a>(&mut self, list: impl IntoIterator<Item = &'a Expr>) {
        for expr in list {
            self.expr(expr);
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::DynamicConstant(..)
            | Expr::BoolConstant(..)
            | Expr::IntegerConstant(..)
            | Expr::FloatConstant(..)
            | Expr::CharConstant(..)
            | Expr::StringConstant(..)
            | Expr::Unit(_)
            | Expr::ThisPtr(_)
            | Expr::Property(..) => {}
            Expr::Variable(x, ..) => self.want(&x.1, None),
            Expr::InterpolatedString(x, _) | Expr::Array(x, _) => self.exprs(x.iter()),
            Expr::Map(x, _) => self.exprs(x.0.iter().map(|(_, e)| e)),
            Expr::Stmt(x) => self.statements(x.statements()),
            Expr::FnCall(x, _) => self.call(x),
            Expr::MethodCall(x, _) => self.exprs(x.args.iter()),
            Expr::Dot(x, ..) => self.chain(x, first_property(&x.rhs)),
            Expr::Index(x, ..) => self.chain(x, constant_index(&x.rhs)),
            Expr::And(x, _) | Expr::Or(x, _) | Expr::Coalesce(x, _) => self.exprs(x.iter()),
            _ => self.lost = true,
        }
    }

    fn chain(&mut self, x: &BinaryExpr, first: Option<(&str, Position)>) {
        // user.groups.contains("Editors")
        if let (true, Expr::Dot(rest, ..)) = (is_user(&x.lhs) && first.is_some_and(|(p, _)| p == "groups"), &x.rhs)
            && let Expr::MethodCall(call, _) = &rest.rhs
            && call.name == "contains"
        {
            self.group_by_name(call.args.first());
        }
        match &x.lhs {
            Expr::Variable(root, ..) => self.want(&root.1, first),
            other => self.expr(other),
        }
        self.tail(&x.rhs);
    }

    /// The rest of a chain. Its links hang to the right, so that `a[now].hour` looks as if it read
    /// `now.hour`: whatever stands in a link is taken whole.
    fn tail(&mut self, expr: &Expr) {
        match expr {
            Expr::Dot(x, ..) | Expr::Index(x, ..) => {
                self.expr(&x.lhs);
                self.tail(&x.rhs);
            }
            other => self.expr(other),
        }
    }

    fn call(&mut self, call: &FnCallExpr) {
        let mut args = call.args.iter();
        match call.name.as_str() {
            // The common question needs none of the user's other facts.
            "ak_is_group_member" => match args.next() {
                Some(user @ Expr::Variable(..)) if is_user(user) => {
                    self.want("user", Some(("groups", user.position())));
                    self.group_by_name(call.args.get(1));
                }
                Some(other) => self.expr(other),
                None => {}
            },
            // What `"Editors" in user.groups` is parsed into.
            "contains" if call.args.first().is_some_and(is_groups) => self.group_by_name(call.args.get(1)),
            _ => {}
        }
        self.exprs(args);
    }

    fn group_by_name(&mut self, name: Option<&Expr>) {
        let name = match name {
            Some(Expr::StringConstant(name, _)) => name.to_string(),
            _ => return,
        };
        self.roots.groups.by_name += 1;
        self.roots.groups.names.insert(name);
    }

    /// Counts every root whose name occurs anywhere in the text as read whole.
    fn by_text(&mut self, source: &str) {
        let words: HashSet<&str> = source.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        for root in known_roots().filter(|root| words.contains(root)) {
            self.want(root, None);
        }
    }

    fn check_properties(&self) -> Result<(), Complaint> {
        let wrong = self.properties.iter().find(|(root, ..)| !self.locals.contains(*root));
        let Some((root, property, position)) = wrong else { return Ok(()) };
        let known = ROOTS.into_iter().find(|(r, _)| r == root).and_then(|(_, list)| list).unwrap_or_default();
        Err(Complaint {
            position: *position,
            message: format!("{root} has no property \"{property}\""),
            hint: nearest(property, known.iter().copied()).or_else(|| Some(format!("it has {}", known.join(", ")))),
        })
    }

    fn check_calls(&self, ast: &AST) -> Result<(), Complaint> {
        let mut wrong = None;
        ast.walk(&mut |path: &[ASTNode]| {
            let (call, position) = match path.last() {
                Some(ASTNode::Expr(Expr::FnCall(call, position)) | ASTNode::Stmt(Stmt::FnCall(call, position))) => {
                    (call, *position)
                }
                _ => return true,
            };
            if !self.locals.contains(call.name.as_str()) {
                wrong = unknown_call(&call.name, position);
            }
            wrong.is_none()
        });
        wrong.map_or(Ok(()), Err)
    }
}

fn unknown_call(name: &str, position: Position) -> Option<Complaint> {
    if let Some((_, why)) = functions::REFUSED.iter().find(|(refused, _)| *refused == name) {
        return Some(Complaint {
            position,
            message: format!("the function \"{name}\" is not available"),
            hint: Some((*why).to_owned()),
        });
    }
    if functions::NAMES.contains(&name) {
        return None;
    }
    // Rhai's own functions cannot be listed, so only what is near one of ours is surely a slip.
    let hint = nearest(name, functions::NAMES.into_iter().filter(|n| n.len() > 6));
    (hint.is_some() || name.starts_with("ak_")).then(|| Complaint {
        position,
        message: format!("unknown function \"{name}\""),
        hint,
    })
}

fn is_user(expr: &Expr) -> bool {
    matches!(expr, Expr::Variable(x, ..) if x.1 == "user")
}

/// Whether this is `user.groups` and no more.
fn is_groups(expr: &Expr) -> bool {
    matches!(expr, Expr::Dot(x, ..) if is_user(&x.lhs) && matches!(&x.rhs, Expr::Property(p, _) if p.2 == "groups"))
}

fn first_property(rhs: &Expr) -> Option<(&str, Position)> {
    match rhs {
        Expr::Property(p, position) => Some((p.2.as_str(), *position)),
        Expr::Dot(x, ..) | Expr::Index(x, ..) => match &x.lhs {
            Expr::Property(p, position) => Some((p.2.as_str(), *position)),
            _ => None,
        },
        _ => None,
    }
}

fn constant_index(rhs: &Expr) -> Option<(&str, Position)> {
    match rhs {
        Expr::StringConstant(text, position) => Some((text.as_str(), *position)),
        _ => None,
    }
}

impl Roots {
    /// The facts behind the roots.
    pub(super) fn reads(&self) -> Reads {
        let mut reads = Reads::default();
        for (root, want) in &self.wants {
            for (property, fact) in behind(root) {
                if property.is_empty() || want.has(property) {
                    reads.add(*fact);
                }
            }
        }
        reads
    }

    /// What is read of the person besides activity and rights.
    pub(super) fn reads_of_person(&self) -> PersonReads {
        const RIGHTS: [&str; 5] = ["groups", "is_active", "is_superuser", "is_authenticated", "is_anonymous"];
        let mut reads = PersonReads::default();
        for (root, want) in &self.wants {
            match (*root, want) {
                ("user", Want::Some(list)) => {
                    let named = self.groups.all == self.groups.by_name;
                    reads.every_group |= list.contains("groups") && !named;
                    reads.person |= list.iter().any(|property| !RIGHTS.contains(property));
                }
                ("user", Want::All) => reads.person = true,
                ("request", want) => reads.person |= want.has("user"),
                _ => {}
            }
        }
        if !reads.every_group {
            reads.groups.clone_from(&self.groups.names);
        }
        reads
    }

    /// Puts the values of what is read into a scope.
    pub(super) fn fill(&self, scope: &mut Scope<'_>, env: &Env<'_>) {
        for (root, want) in &self.wants {
            let value = match *root {
                "user" => roots::user(env.user, want),
                "request" => roots::request(env, want),
                "now" => roots::now(env, want),
                "app" => roots::app(env, want),
                "authentication_methods" => roots::methods(env),
                "authentication_age" => env.facts.authentication_age().map_or(Dynamic::UNIT, Dynamic::from),
                "geoip" => roots::geoip(env),
                "asn" => roots::asn(env),
                "device" => roots::device(env, want),
                "context" => values::from_object(env.facts.context),
                "pending" => values::from_object(env.facts.pending),
                "prompt_data" => values::from_object(env.facts.prompt_data),
                "flow" => values::from_object(env.facts.flow),
                "notification" | "sms" => env.facts.context.get(*root).map_or(Dynamic::UNIT, values::from_json),
                "mfa" => env.facts.mfa.into(),
                _ => env.facts.ip.map_or(Dynamic::UNIT, Dynamic::from),
            };
            scope.push_dynamic(*root, value);
        }
    }
}

/// The facts behind each property of a root; the empty name stands for the root itself.
fn behind(root: &str) -> &'static [(&'static str, Fact)] {
    match root {
        "user" => &[("", Fact::User)],
        "app" => &[("", Fact::App)],
        "context" => &[("", Fact::Context)],
        "pending" => &[("", Fact::Pending)],
        "prompt_data" => &[("", Fact::PromptData)],
        "flow" => &[("", Fact::Flow)],
        "notification" | "sms" => &[("", Fact::Context)],
        "mfa" => &[("", Fact::Mfa)],
        "authentication_methods" => &[("", Fact::Methods)],
        "authentication_age" => &[("", Fact::AuthenticationAge)],
        "geoip" => &[("", Fact::Place)],
        "asn" => &[("", Fact::Network)],
        "device" => &[("", Fact::Device)],
        "ak_client_ip" => &[("", Fact::Ip)],
        "now" => &[
            ("year", Fact::Day),
            ("month", Fact::Day),
            ("day", Fact::Day),
            ("weekday", Fact::Day),
            ("hour", Fact::Hour),
            ("minute", Fact::Minute),
            ("second", Fact::Second),
            ("unix", Fact::Second),
        ],
        _ => &[
            ("ip", Fact::Ip),
            ("path", Fact::Path),
            ("host", Fact::Host),
            ("method", Fact::Method),
            ("user_agent", Fact::UserAgent),
            ("context", Fact::Context),
            ("user", Fact::User),
        ],
    }
}
