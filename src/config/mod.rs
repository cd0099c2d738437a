//! `cuffd.toml` and the environment, parsed into types that cannot hold a mistake (contract 4).
//!
//! Every mistake is reported at once. Nothing is started, opened for writing or listened to on the way; files that the
//! config names are read. Secrets, addresses and patient ids stand in no mistake and no warning.

pub mod bluetooth;
pub mod broker;
pub mod certificate;
pub mod command;
mod cuffs;
pub mod duration;
pub mod files;
pub mod gateway;
mod kind;
pub mod log;
pub mod mistake;
pub mod mqtt;
mod nearest;
mod reader;
mod readiness;
mod setting;
pub mod size;
mod source;
pub mod store;
pub mod web;

pub use self::setting::{paired, setting};

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use self::cuffs::Register;
use self::files::Surroundings;
use self::mistake::{Mistake, Mistakes, Warning};
use self::reader::{Findings, Read, Reported, Table, read_root};
use self::source::Tree;
use self::store::Store;
use self::web::Sessions;
use crate::clock;
use crate::core::cuff::Cuff;
use crate::core::name::Name;
use crate::core::readiness::policy::Policy;
use crate::private::Private;

/// Where the config is unless the command line says otherwise.
pub const DEFAULT_PATH: &str = "/etc/cuffd/cuffd.toml";

/// The whole config, free of mistakes.
#[derive(Clone, Debug)]
pub struct Config {
    /// Who this machine is.
    pub gateway: gateway::Gateway,
    /// What is published; `None`: nothing.
    pub mqtt: Option<mqtt::Mqtt>,
    /// How cuffs are listened to.
    pub bluetooth: bluetooth::Bluetooth,
    /// The registered cuffs: of the config, then of `cuffs.toml`. No id and no address stands there twice.
    pub cuffs: Vec<Cuff>,
    /// How many of them stand in the config: those are not for `pair` and `forget` to change.
    pub cuffs_given: usize,
    /// Labels for the page only.
    pub patients: BTreeMap<Name, Private<String>>,
    /// The clinic's policy; `None`: transport only.
    pub readiness: Option<Policy>,
    /// Where what was measured is kept.
    pub store: store::Store,
    /// The page.
    pub web: web::Web,
    /// What is logged.
    pub log: log::Log,
    /// Which clock is believed.
    pub clock: log::Clock,
    /// What is told about the daemon itself.
    pub metrics: log::Metrics,
}

/// A good config, and what there is to say about it.
#[derive(Debug)]
pub struct Loaded {
    /// The config.
    pub config: Config,
    /// What is allowed but unwise.
    pub warnings: Vec<Warning>,
}

/// What a replay needs of a config.
#[derive(Clone, Debug)]
pub struct ForReplay {
    /// Of the cuffs' own clocks.
    pub time_zone: TimeZone,
    /// The registered cuffs.
    pub cuffs: Vec<Cuff>,
    /// The clinic's policy.
    pub readiness: Option<Policy>,
}

/// The variables of this process that concern cuffd, and where the credentials of the running service are, if this user may
/// see them. What is not UTF-8 in them is replaced, and refused by its key.
#[must_use]
pub fn environment() -> BTreeMap<String, String> {
    let mut variables: BTreeMap<String, String> = std::env::vars_os()
        .map(|(name, text)| (name.to_string_lossy().into_owned(), text.to_string_lossy().into_owned()))
        .filter(|(name, _)| name.starts_with(source::PREFIX) || name == CREDENTIALS)
        .collect();
    if Path::new(SERVICE_CREDENTIALS).is_dir() {
        variables
            .entry(CREDENTIALS.to_owned())
            .or_insert_with(|| SERVICE_CREDENTIALS.to_owned());
    }
    variables
}

/// Where systemd says it put the service's credentials.
pub const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Where systemd puts them while the service runs (systemd.exec(5)).
const SERVICE_CREDENTIALS: &str = "/run/credentials/cuffd.service";

/// Reads the config at `path`, `environment` over it, and the cuffs that `pair` wrote.
///
/// # Errors
/// All mistakes, each with its key, its place, what was found and what is allowed.
pub fn load(path: &Path, environment: impl IntoIterator<Item = (String, String)>) -> Result<Loaded, Mistakes> {
    load_tree(source::read_file(path), environment)
}

/// Reads a config that is no file, as [`load`] does; mistakes call it `name`.
///
/// # Errors
/// As [`load`].
pub fn load_text(
    text: &str,
    name: &str,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Loaded, Mistakes> {
    load_tree(source::parse(text, name), environment)
}

/// Reads what a replay needs of the config at `path`: `[gateway] time_zone`, `[[cuffs]]`, `[readiness]`, and nothing else.
///
/// # Errors
/// All mistakes in these.
pub fn load_for_replay(path: &Path) -> Result<ForReplay, Mistakes> {
    for_replay(source::read_file(path))
}

/// As [`load_for_replay`], of what [`setting()`] has made; mistakes call it `name`.
///
/// # Errors
/// All mistakes in these.
pub fn load_text_for_replay(text: &str, name: &str) -> Result<ForReplay, Mistakes> {
    for_replay(source::parse(text, name))
}

/// Site and id of the gateway that the config at `path` is of, and nothing else of it; `None` if it does not say so.
#[must_use]
pub fn identity_of(path: &Path) -> Option<(Name, Name)> {
    let file = source::read_file(path).ok().filter(|tree| tree.doubled.is_empty())?;
    let gateway = file.root.into_table().ok()?.remove("gateway")?.into_table().ok()?;
    let of = |key: &str| {
        let variable = format!("CUFFD__GATEWAY__{}", key.to_ascii_uppercase());
        let text = std::env::var(variable).ok();
        let text = text.or_else(|| gateway.get(key)?.clone().into_string().ok())?;
        Name::parse(&text).ok()
    };
    Some((of("site")?, of("id")?))
}

/// Whether these cuffs could stand in a config together, one with a policy or without.
///
/// # Errors
/// All mistakes in them.
pub fn judge_cuffs(cuffs: &[Cuff], has_policy: bool) -> Result<(), Mistakes> {
    let text = paired(cuffs).unwrap_or_default();
    let tree = source::parse(&text, "the register").map_err(Mistakes::from)?;
    let mut findings = Findings::new(tree.doubled);
    let answer = read_root(tree.root, &mut findings, |root| {
        cuffs::read(root, &mut Register::new(has_policy))
    });
    finish(answer, findings).map(|_| ())
}

fn for_replay(file: Result<Tree, Vec<Mistake>>) -> Result<ForReplay, Mistakes> {
    let tree = file.map_err(Mistakes::from)?;
    let mut findings = Findings::new(tree.doubled);
    let answer = read_root(tree.root, &mut findings, |root| {
        root.ignore_others();
        let time_zone = root.table("gateway", |table| {
            table.ignore_others();
            gateway::read_time_zone(table)
        });
        let has_policy = root.has("readiness");
        let cuffs = cuffs::read(root, &mut Register::new(has_policy));
        let readiness = root.optional_table("readiness", readiness::read);
        Ok(ForReplay {
            time_zone: time_zone?,
            cuffs: cuffs?,
            readiness: readiness?,
        })
    });
    finish(answer, findings).map(|(config, _warnings)| config)
}

fn load_tree(
    file: Result<Tree, Vec<Mistake>>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Loaded, Mistakes> {
    let environment: BTreeMap<_, _> = environment.into_iter().collect();
    let around = Surroundings {
        credentials: environment.get(CREDENTIALS).map(PathBuf::from),
        now: clock::wall(),
    };
    let Tree { root, mut doubled } = file?;
    let (tree, mistakes) = source::merge(root, &environment);
    doubled.extend(mistakes);
    let mut findings = Findings::new(doubled);
    let answer = read_root(tree, &mut findings, |root| read_config(root, &around));
    finish(answer, findings).map(|(config, warnings)| Loaded { config, warnings })
}

fn read_config(root: &mut Table, around: &Surroundings) -> Read<Config> {
    let has_policy = root.has("readiness");
    let sessions = if has_policy {
        Sessions::Possible
    } else {
        Sessions::Never
    };
    let gateway = root.table("gateway", |table| gateway::read(table, around));
    let mqtt = root.optional_table("mqtt", |table| mqtt::read(table, gateway.as_ref().ok(), around));
    let bluetooth = root.table("bluetooth", bluetooth::read);
    let mut register = Register::new(has_policy);
    let cuffs = cuffs::read(root, &mut register);
    let patients = cuffs::read_patients(root);
    let readiness = root.optional_table("readiness", readiness::read);
    let store = root.table("store", store::read);
    let paired = read_paired(root, store.as_ref().ok(), &mut register);
    let web = root.table("web", |table| web::read(table, sessions, around));
    let log = root.table("log", log::read);
    let clock = root.table("clock", log::read_clock);
    let metrics = root.table("metrics", log::read_metrics);
    let cuffs = cuffs?;
    Ok(Config {
        gateway: gateway?,
        mqtt: mqtt?,
        bluetooth: bluetooth?,
        cuffs_given: cuffs.len(),
        cuffs: [cuffs, paired?].concat(),
        patients: patients?,
        readiness: readiness?,
        store: store?,
        web: web?,
        log: log?,
        clock: clock?,
        metrics: metrics?,
    })
}

/// Reads the cuffs that `pair` wrote into the state directory; none if it never did.
fn read_paired(root: &mut Table, store: Option<&Store>, register: &mut Register) -> Read<Vec<Cuff>> {
    let Some(store) = store else { return Ok(Vec::new()) };
    match source::read_file(&store.cuffs_file()) {
        Ok(tree) if tree.doubled.is_empty() => root.another(&tree.root, |root| cuffs::read(root, register)),
        Ok(tree) => Err(root.report(tree.doubled)),
        Err(mistakes) if mistakes.iter().all(Mistake::is_absence) => Ok(Vec::new()),
        Err(mistakes) => Err(root.report(mistakes)),
    }
}

/// The answer if nothing is wrong with it.
fn finish<T>(answer: Read<T>, findings: Findings) -> Result<(T, Vec<Warning>), Mistakes> {
    let Findings { mistakes, warnings } = findings;
    match answer {
        Ok(answer) if mistakes.is_empty() => Ok((answer, warnings)),
        // `Reported` stands for a mistake on the list, so that the list is not empty here.
        Ok(_) | Err(Reported) => Err(Mistakes::from(mistakes)),
    }
}
