//! The mcp servers that the program declares, and those that its agents name.

use super::errors;
use crate::ast::{ActorKind, ExprKind, ItemKind};
use crate::diagnostics::Diagnostic;
use crate::resolve::{DefId, DefKind, suggest};
use crate::types::Checked;
use std::collections::BTreeSet;

pub(super) struct Servers {
    declared: Vec<String>,
}

impl Servers {
    pub(super) fn new(checked: &Checked) -> Servers {
        let mut declared: Vec<String> = (checked.resolved.defs.iter())
            .filter(|d| d.kind == DefKind::Mcp)
            .map(|d| d.name.text.to_string())
            .collect();
        declared.sort();
        Servers { declared }
    }

    /// `_` and `-` are one here, since a Flow name has no `-`.
    pub(super) fn knows(&self, server: &str) -> bool {
        self.declared.iter().any(|d| *d == server.replace('-', "_"))
    }

    pub(super) fn near(&self, server: &str) -> Option<String> {
        suggest::nearest(server, self.declared.iter().map(String::as_str))
    }

    /// `mcp: ["name"]` of a declared agent, `mcpServers` of a file whose agent is given a task.
    pub(super) fn listed(&self, checked: &Checked, reached: &BTreeSet<DefId>, out: &mut Vec<Diagnostic>) {
        for agent in reached {
            let DefKind::AgentFile(file) = checked.resolved.def(*agent).kind else { continue };
            let file = &checked.resolved.agent_files[file as usize];
            let unknown: Vec<&str> = file.mcp.iter().map(String::as_str).filter(|s| !self.knows(s)).collect();
            if let (Some(span), false) = (file.mcp_span, unknown.is_empty()) {
                out.push(errors::goes_without(span, &unknown));
            }
        }
        for item in checked.resolved.modules.iter().flat_map(|m| &m.ast.items) {
            let ItemKind::Actor(decl) = &item.kind else { continue };
            let Some(servers) = decl.props.get("mcp").filter(|_| decl.kind == ActorKind::Agent) else {
                continue;
            };
            for part in super::parts(&servers.value) {
                if let ExprKind::Str(text) = &part.kind
                    && let Some(name) = text.literal()
                    && !self.knows(&name)
                {
                    out.push(errors::unknown_server(part.span, &name, &name, self.near(&name)));
                }
            }
        }
    }
}
