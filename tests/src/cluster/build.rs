//! The programs of a Kubernetes node, built once from the Go module registry and kept by version.
//!
//! Go is the only tool that is needed: no release archive is downloaded and no container engine is asked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::parts::{Tool, install, need, prepare, run, say};

/// The version of Kubernetes under test.
pub const KUBERNETES: &str = "1.34.4";

/// What the node needs from the distribution.
const TOOLS: &[Tool] = &[
    Tool { program: "go", package: "golang-go" },
    Tool { program: "containerd", package: "containerd" },
    Tool { program: "runc", package: "runc" },
    Tool { program: "iptables", package: "iptables" },
    Tool { program: "conntrack", package: "conntrack" },
    Tool { program: "busybox", package: "busybox-static" },
    Tool { program: "ip", package: "iproute2" },
    Tool { program: "unshare", package: "util-linux" },
    Tool { program: "mount", package: "mount" },
];

/// Where distributions put the plugins for pod networks, which are not in `PATH`.
const PLUGIN_FOLDERS: &[&str] = &["/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"];

/// A Go module and the commands to build from it.
struct Recipe {
    part: &'static str,
    version: &'static str,
    module: &'static str,
    /// Packages below the module; with none, [`Recipe::main`] is the command.
    commands: &'static [&'static str],
    /// A main package of our own.
    main: Option<&'static str>,
    /// How long it takes when nothing is cached, for whoever waits.
    minutes: &'static str,
}

/// Small ones first, so that a broken set-up shows early.
const RECIPES: &[Recipe] = &[
    Recipe {
        part: "etcd",
        version: "3.6.7",
        module: "go.etcd.io/etcd/server/v3",
        commands: &[""],
        main: None,
        minutes: "about a minute",
    },
    Recipe {
        part: "coredns",
        version: "1.13.2",
        module: "github.com/coredns/coredns",
        commands: &[],
        main: Some(include_str!("coredns.go")),
        minutes: "about a minute",
    },
    Recipe {
        part: "helm",
        version: "3.21.4",
        module: "helm.sh/helm/v3",
        commands: &["cmd/helm"],
        main: None,
        minutes: "about 2 minutes",
    },
    Recipe {
        part: "kubernetes",
        version: KUBERNETES,
        module: "k8s.io/kubernetes",
        commands: &[
            "cmd/kube-apiserver",
            "cmd/kube-controller-manager",
            "cmd/kube-scheduler",
            "cmd/kubelet",
            "cmd/kube-proxy",
            "cmd/kubectl",
        ],
        main: None,
        minutes: "about 8 minutes",
    },
];

/// Where the programs are.
#[derive(Clone, Debug)]
pub struct Programs {
    folders: BTreeMap<&'static str, PathBuf>,
    /// The folder of the network plugins.
    pub plugins: PathBuf,
}

impl Programs {
    /// The path of a program: one that was built here, or else one of the distribution, found in `PATH`.
    pub fn path(&self, program: &str) -> PathBuf {
        let built = self.folders.values().map(|folder| folder.join(program)).find(|path| path.is_file());
        built.unwrap_or_else(|| PathBuf::from(program))
    }
}

/// Makes sure of all programs: installs and builds what is missing, and says so.
///
/// # Errors
/// When a package is missing that this user may not install, or a build fails; the text says which.
pub fn ready() -> Result<Programs> {
    let plugins = tools()?;
    let folders = RECIPES.iter().map(|recipe| Ok((recipe.part, recipe.ready()?))).collect::<Result<_>>()?;
    Ok(Programs { folders, plugins })
}

/// Makes sure of what the distribution brings, alone. Returns the folder of the network plugins.
///
/// # Errors
/// When a package is missing that this user may not install.
pub fn tools() -> Result<PathBuf> {
    need(TOOLS)?;
    plugins()
}

/// The client programs alone, for a cluster of the caller's.
pub fn clients() -> Result<Programs> {
    need(TOOLS.get(..1).unwrap_or_default())?;
    let wanted = RECIPES.iter().filter(|recipe| ["helm", "kubernetes"].contains(&recipe.part));
    let folders = wanted.map(|recipe| Ok((recipe.part, recipe.ready()?))).collect::<Result<_>>()?;
    Ok(Programs { folders, plugins: PathBuf::new() })
}

fn plugins() -> Result<PathBuf> {
    let found = || PLUGIN_FOLDERS.iter().map(Path::new).find(|folder| folder.join("bridge").is_file());
    if found().is_none() {
        install(&["containernetworking-plugins"])?;
    }
    found().map(Path::to_owned).with_context(|| format!("no network plugins in {PLUGIN_FOLDERS:?}"))
}

impl Recipe {
    fn ready(&self) -> Result<PathBuf> {
        prepare(self.part, self.version, |folder| {
            let go = Command::new("go")
                .args(["env", "GOVERSION"])
                .output()
                .context("asking go for its version")?;
            recent(&String::from_utf8_lossy(&go.stdout))?;
            say(&format!(
                "building {} {} ({} when nothing is cached)",
                self.part, self.version, self.minutes
            ));
            self.build(folder)
        })
    }

    fn build(&self, folder: &Path) -> Result<()> {
        let (module, version) = (self.module, self.version);
        let mut manifest = format!("module part\n\ngo 1.24.0\n\nrequire {module} v{version}\n");
        if self.part == "kubernetes" {
            manifest.push_str(&staging(module, version)?);
        }
        std::fs::write(folder.join("go.mod"), manifest)?;
        let mut packages: Vec<String> = self.commands.iter().map(|command| join(module, command)).collect();
        if let Some(main) = self.main {
            std::fs::write(folder.join("main.go"), main)?;
            packages.push(String::from("."));
        }
        // A package at the root of a module is named after the module's last words, `server` or `v3`.
        let output = match packages.as_slice() {
            [_] => folder.join(self.part),
            _ => folder.to_owned(),
        };
        let flags = if self.part == "kubernetes" { stamp(version) } else { String::from("-s -w") };
        run(go(folder).args(["build", "-trimpath", "-ldflags", &flags, "-o"]).arg(output).args(packages))
    }
}

/// Since 1.21 Go fetches the release that a module asks for; before, it cannot even read the module's file.
fn recent(go: &str) -> Result<()> {
    let minor = go.trim().strip_prefix("go1.").and_then(|rest| rest.split('.').next()?.parse::<u32>().ok());
    ensure!(
        minor.is_some_and(|minor| minor >= 21),
        "building the cluster needs Go 1.24, or 1.21 and later, which fetches it: found {}. Debian 12 has it in \
         bookworm-backports, and every system at https://go.dev/dl",
        go.trim()
    );
    Ok(())
}

fn join(module: &str, command: &str) -> String {
    if command.is_empty() { module.to_owned() } else { format!("{module}/{command}") }
}

/// Lower priority: a build of minutes must not stop the machine's other work. Without cgo, so that no program depends
/// on the C library.
fn go(folder: &Path) -> Command {
    let mut command = Command::new("nice");
    command.args(["-n", "5", "go"]).current_dir(folder);
    command.env("CGO_ENABLED", "0").env("GOFLAGS", "-mod=mod").env("GO111MODULE", "on");
    command
}

/// Kubernetes' own modules live in a folder of its repository and are published under a version of their own:
/// v1.34.4 goes with v0.34.4. Their list is in its module file.
fn staging(module: &str, version: &str) -> Result<String> {
    let output =
        go(Path::new("/")).args(["mod", "download", "-json", &format!("{module}@v{version}")]).output()?;
    if !output.status.success() {
        bail!("go mod download {module}: {}", String::from_utf8_lossy(&output.stdout));
    }
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).context("go's answer")?;
    let file = found.get("GoMod").and_then(|path| path.as_str()).context("go names no module file")?;
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {file}"))?;
    let own = version.strip_prefix("1.").context("a version of Kubernetes 1")?;
    Ok(replacements(&text, own))
}

fn replacements(module_file: &str, version: &str) -> String {
    let staged = module_file.lines().filter_map(|line| line.split_once(" => ./staging/"));
    staged
        .filter_map(|(name, _)| name.split_whitespace().next_back())
        .map(|name| format!("replace {name} => {name} v0.{version}\n"))
        .collect()
}

/// Without these a server reports a version that no client can parse.
fn stamp(version: &str) -> String {
    let mut parts = version.split('.');
    let (major, minor) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let values = [
        ("gitVersion", format!("v{version}")),
        ("gitMajor", major.to_owned()),
        ("gitMinor", minor.to_owned()),
        ("gitTreeState", String::from("clean")),
        ("gitCommit", "0".repeat(40)),
        ("buildDate", String::from("2026-01-01T00:00:00Z")),
    ];
    let mut flags = String::from("-s -w");
    for package in ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"] {
        for (name, value) in &values {
            flags.push_str(&format!(" -X {package}.{name}={value}"));
        }
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_of_the_repository_are_taken_at_their_published_version() {
        let text = "require k8s.io/api v0.0.0\nreplace (\n\tk8s.io/api => ./staging/src/k8s.io/api\n)\n\
                    replace k8s.io/kms => ./staging/src/k8s.io/kms\nreplace other => ../other\n";
        let expect = "replace k8s.io/api => k8s.io/api v0.34.4\nreplace k8s.io/kms => k8s.io/kms v0.34.4\n";
        assert_eq!(replacements(text, "34.4"), expect);
    }

    #[test]
    fn an_old_go_is_refused_with_a_way_out() {
        for (go, fit) in [("go1.19.8", false), ("go1.21.0", true), ("go1.26.8\n", true), ("devel", false)] {
            assert_eq!(recent(go).is_ok(), fit, "{go}");
        }
    }

    #[test]
    fn a_server_tells_a_version_that_clients_can_parse() {
        let flags = stamp("1.34.4");
        for part in ["version.gitVersion=v1.34.4", "version.gitMajor=1", "version.gitMinor=34"] {
            assert!(flags.contains(part), "{flags}");
        }
    }
}
