//! What a revision may do, after RFC 2578 §10, RFC 2579 §5 and RFC 2580 §7.

macro_rules! changes {
    ($($change:ident, $code:literal, $allowed:literal, $clause:literal, $text:literal;)*) => {
        /// A way in which a definition can differ from what it was.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "the text of each says what it means")]
        pub enum What {
            $($change,)*
        }

        impl What {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$change,)*];

            /// The stable name.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$change => $code,)*
                }
            }

            /// Whether whoever knew the old definition can live with the new one.
            pub fn is_compatible(self) -> bool {
                match self {
                    $(Self::$change => $allowed,)*
                }
            }

            /// The clause of the standard that says so.
            pub fn clause(self) -> &'static str {
                match self {
                    $(Self::$change => $clause,)*
                }
            }

            /// In words.
            pub fn text(self) -> &'static str {
                match self {
                    $(Self::$change => $text,)*
                }
            }
        }
    };
}

changes! {
    ModuleAdded, "module-added", true, "RFC 2578 §10", "a new module";
    ModuleRemoved, "module-removed", false, "RFC 2578 §10", "the module is gone";
    NotDated, "not-dated", false, "RFC 2578 §10", "LAST-UPDATED is not later, though something changed";
    Added, "added", true, "RFC 2578 §10.2 (9)", "new";
    ColumnInserted, "column-inserted", false, "RFC 2578 §10.2 (7)", "a new column that is not behind the others";
    Removed, "removed", false, "RFC 2578 §10", "gone; it may become obsolete, and stays";
    Renamed, "renamed", false, "RFC 2578 §10.2", "another descriptor for the same OBJECT IDENTIFIER";
    Moved, "moved", false, "RFC 2578 §10.1", "another OBJECT IDENTIFIER";
    OidTaken, "oid-taken", false, "RFC 2578 §10.2 (9)", "new, with an OBJECT IDENTIFIER that was another's";
    Kind, "kind", false, "RFC 2578 §10.1", "another macro or place";
    Base, "base", false, "RFC 2578 §10.2", "another base type";
    TypeName, "type-name", true, "RFC 2578 §10.2 (2)", "another name for a type of the same base and values";
    Values, "values", false, "RFC 2578 §10.2", "other values or sizes are allowed";
    LabelAdded, "label-added", true, "RFC 2578 §10.2 (1)", "a new label";
    LabelChanged, "label-changed", true, "RFC 2578 §10.2 (1)", "another label for the same number";
    LabelRemoved, "label-removed", false, "RFC 2578 §10.2 (1)", "a number without its label";
    Access, "access", false, "RFC 2578 §10.2", "another access";
    StatusAged, "status-aged", true, "RFC 2578 §10.2 (4)", "less current";
    StatusRevived, "status-revived", false, "RFC 2578 §10.2 (4)", "more current than it was";
    UnitsAdded, "units-added", true, "RFC 2578 §10.2 (3)", "new UNITS";
    UnitsChanged, "units-changed", false, "RFC 2578 §10.2 (3)", "other UNITS, or none any more";
    DefaultChanged, "default-changed", true, "RFC 2578 §10.2 (5)", "a new or another DEFVAL";
    DefaultRemoved, "default-removed", false, "RFC 2578 §10.2 (5)", "no DEFVAL any more";
    Index, "index", false, "RFC 2578 §10.2", "another INDEX or AUGMENTS";
    Objects, "objects", false, "RFC 2578 §10.3", "a notification with other objects";
    Members, "members", false, "RFC 2580 §7", "a group with other members";
    Compliance, "compliance", false, "RFC 2580 §7", "a compliance statement that asks for other groups or objects";
    Hint, "hint", true, "RFC 2579 §3.1", "another DISPLAY-HINT";
    Description, "description", true, "RFC 2578 §10.2 (8)", "another DESCRIPTION";
    Reference, "reference", true, "RFC 2578 §10.2 (6)", "another REFERENCE";
}
