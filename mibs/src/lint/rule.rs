//! The rules, as one table.

use crate::Severity;

macro_rules! rules {
    ($($rule:ident, $code:literal, $severity:ident, $text:literal, $help:literal;)*) => {
        /// A rule of good modules. Its code is smilint's name for the same thing,
        /// where smilint has one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "the text of each says what it means")]
        pub enum Rule {
            $($rule,)*
        }

        impl Rule {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$rule,)*];

            /// The stable name.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$rule => $code,)*
                }
            }

            /// How much it matters.
            pub fn severity(self) -> Severity {
                match self {
                    $(Self::$rule => Severity::$severity,)*
                }
            }

            /// What is wrong.
            pub fn text(self) -> &'static str {
                match self {
                    $(Self::$rule => $text,)*
                }
            }

            /// What to do about it.
            pub fn help(self) -> &'static str {
                match self {
                    $(Self::$rule => $help,)*
                }
            }
        }
    };
}

impl Rule {
    /// Whether it says that something is not there.
    pub(super) fn is_about_absence(self) -> bool {
        matches!(
            self,
            Self::GroupMembership
                | Self::SequenceNoColumn
                | Self::SequenceOrder
                | Self::SequenceTypeMismatch
                | Self::RefinementNotListed
                | Self::TypeUnreferenced
                | Self::GroupUnreferenced
                | Self::ImportUnused
                | Self::IdentityMissing
                | Self::NodeImplicit
        )
    }
}

rules! {
    IntegerMisuse, "integer-misuse", Warning,
        "INTEGER without labels in an SMIv2 module", "write Integer32";
    GroupMembership, "group-membership", Change,
        "this is in no group", "add it to an OBJECT-GROUP or NOTIFICATION-GROUP";
    IndexElementAccessible, "index-element-accessible", Warning,
        "an index object that can be read", "say MAX-ACCESS not-accessible: the value is in the instance";
    TypeWithoutFormat, "type-without-format", Warning,
        "a textual convention without DISPLAY-HINT", "say how its values are written";
    TypeUnreferenced, "type-unref", Warning,
        "a type that this module does not use", "remove it, unless other modules import it";
    IndexTooLarge, "index-exceeds-too-large", Warning,
        "an instance can have more than 128 sub-identifiers", "restrict the sizes of the index objects";
    GroupObjectStatus, "group-object-status", Change,
        "a member whose status is behind that of its group", "move it to a group of its own status";
    GroupUnreferenced, "group-unref", Warning,
        "no compliance statement names this group", "name it in a MODULE-COMPLIANCE";
    IndexElementNoRange, "index-element-no-range", Error,
        "an index object that may be negative", "restrict its range to numbers from 0";
    IndexElementNoSize, "index-element-no-size", Minor,
        "an index object without a limit of its size", "restrict its size";
    IndexElementDefault, "index-element-has-default", Warning,
        "an index object with a default", "remove the DEFVAL";
    BaseTypeNotImported, "basetype-not-imported", Error,
        "this type is not imported", "import it FROM SNMPv2-SMI";
    IdentityRegistration, "module-identity-registration", Change,
        "a module registered below another's node", "register it where its organization assigns numbers";
    IdentityMissing, "module-identity-missing", Error,
        "an SMIv2 module without MODULE-IDENTITY", "begin it with one";
    ImportUnused, "import-unused", Warning, "an import that is not used", "remove it from IMPORTS";
    ObsoleteImport, "obsolete-import", Warning,
        "imported from a module that was replaced", "import it FROM SNMPv2-SMI or SNMPv2-TC";
    RevisionMissing, "revision-missing", Minor,
        "no REVISION has the date of LAST-UPDATED", "add the REVISION";
    RevisionAfterUpdate, "revision-after-update", Minor,
        "a REVISION later than LAST-UPDATED", "set LAST-UPDATED to the newest REVISION";
    RevisionOrder, "revision-not-descending", Minor,
        "a REVISION later than the one before it", "write the newest first";
    HyphenInLabel, "hyphen-in-label", Change, "a label with a hyphen", "write it without: aB instead of a-b";
    LabelOrder, "named-numbers-ascending", Warning, "labels out of order", "write them by their numbers";
    NotificationNotReversible, "notification-not-reversible", Warning,
        "a notification that SMIv1 cannot express", "put a 0 before its last sub-identifier";
    PreviousDefinition, "previous-definition", Info, "the name that differs only in case", "see there";
    CaseMatch, "identifier-case-match", Warning,
        "this name differs from another only in case", "choose a different name";
    AccessInSmiV2, "access-in-smiv2", Error, "ACCESS in an SMIv2 module", "write MAX-ACCESS";
    MaxAccessInSmiV1, "max-access-in-smiv1", Error, "MAX-ACCESS in an SMIv1 module", "write ACCESS";
    StatusInSmiV2, "status-invalid-smiv2", Error,
        "this status is SMIv1's", "write current, deprecated or obsolete";
    StatusInSmiV1, "status-invalid-smiv1", Error,
        "this status is SMIv2's", "write mandatory, optional, obsolete or deprecated";
    WriteOnly, "access-write-only-smiv2", Error, "write-only is no longer allowed", "write read-write";
    GroupMemberInvalid, "group-member-invalid", Minor,
        "this cannot be a member of the group", "name objects that can be accessed, or notifications";
    NotificationObjectAccess, "notification-object-access", Minor,
        "a notification carries an object that cannot be accessed", "say MAX-ACCESS accessible-for-notify";
    NodeImplicit, "node-implicit", Warning,
        "an OBJECT IDENTIFIER through a node without a name", "name the node between";
    RangeExchanged, "range-exchanged", Error,
        "the upper end of a range is below its lower end", "exchange the two";
    RangeOverlap, "range-overlap", Error, "two ranges have values in common", "write each value once";
    RangeBounds, "range-bounds", Error, "a range wider than its type", "keep within the type's own range";
    ModuleNameSuffix, "module-name-suffix", Warning,
        "a module's name should end with -MIB", "rename it before it is used";
    OpaqueInSmiV2, "opaque-smiv2", Change, "Opaque is kept for old modules only", "write the type itself";
    SequenceOrder, "sequence-order", Warning,
        "the SEQUENCE is in another order than its columns", "write them by their numbers";
    SequenceNoColumn, "sequence-no-column", Minor,
        "a member of the SEQUENCE is no column of the row", "define the column, or remove the member";
    SequenceTypeMismatch, "sequence-type-mismatch", Error,
        "the SEQUENCE gives this column another type", "write the same type in both places";
    RowStatusAccess, "rowstatus-access", Change,
        "a RowStatus that cannot create", "say MAX-ACCESS read-create";
    RowStatusDefault, "rowstatus-default", Change,
        "a RowStatus with the default of an action", "write active, notInService or notReady";
    TableAccess, "access-table-illegal", Minor, "a table that can be accessed", "say not-accessible";
    RowAccess, "access-row-illegal", Minor, "a row that can be accessed", "say not-accessible";
    CounterAccess, "access-counter-illegal", Change,
        "a counter that is not read-only", "say read-only";
    ComplianceGroupStatus, "compliance-group-status", Change,
        "a compliance statement asks for a group whose status is behind its own", "leave the group out";
    RefinementNotListed, "refinement-not-listed", Minor,
        "a refined object is in no group of the compliance statement", "name its group";
    TypeStatusDeprecated, "type-status-deprecated", Warning, "the type of this object is deprecated", "use its successor";
    TypeStatusObsolete, "type-status-obsolete", Warning, "the type of this object is obsolete", "use its successor";
    EmptyDescription, "empty-description", Warning, "a DESCRIPTION that says nothing", "say what this is";
    NestedTextualConvention, "textual-convention-nested", Minor,
        "a textual convention of a textual convention", "refine the base type instead";
    TableName, "table-name-table", Warning, "a table's name should end with Table", "rename it before it is used";
    RowName, "row-name-table-name", Warning, "a row is not named as its table", "name it as the table, with Entry";
    TableType, "table-type", Error, "the table is a SEQUENCE OF another row's type", "write the row's type";
    OidReuse, "oid-reuse", Warning, "this OBJECT IDENTIFIER has a name already", "choose a free number";
    DuplicateOid, "object-identifier-not-unique", Error,
        "another object has the same OBJECT IDENTIFIER", "choose a free number";
    NoIndexMacro, "parent-scalar", Error,
        "a column of a row without INDEX, which this OBJECT-TYPE does not have", "import OBJECT-TYPE FROM RFC-1212, and say INDEX";
    ScalarParent, "scalar-parent", Error, "a scalar below something that is no plain node", "put it below a plain node";
    ColumnParent, "parent-column", Error, "a column below something that is no row", "put it below the row";
    RowParent, "parent-row", Error, "a row below something that is no table", "put it below its table";
    LabelNumberTwice, "named-number-redefined", Error, "two labels have one number", "give each its own";
    LabelNotInType, "subtype-enumeration-illegal", Error,
        "this label is not in the type that is refined", "name labels of the type";
    LabelTwice, "enum-name-redefinition", Error, "a label is written twice", "give each number its own label";
    StatusMissing, "status-missing", Error, "this has no STATUS", "say whether it is current, deprecated or obsolete";
    SubtypeIllegal, "subtype-illegal", Error,
        "this type cannot be restricted so", "a number has a range, octets have a SIZE, counters and times neither";
    ImpliedFixed, "index-implied-fixed", Minor,
        "IMPLIED before an index object of one length", "remove IMPLIED: there is no length to leave out";
    IndexElementTwice, "index-element-twice", Error,
        "an object stands twice in a row in an INDEX", "remove one of the two";
    RowNumber, "row-subidentifier-one", Warning,
        "a row is not number 1 of its table", "write 1";
    ColumnZero, "column-subidentifier-zero", Minor,
        "a column has the number 0", "number columns from 1";
    NameCase, "bad-identifier-case", Error,
        "the name of a value begins with a capital", "begin it with a small letter";
    NameUnderscore, "identifier-underscore", Minor,
        "a name with an underscore", "write it without";
    DateInvalid, "date-invalid", Minor,
        "this is no date", "write YYYYMMDDhhmmZ";
    DescriptionMissing, "description-missing", Error, "this has no DESCRIPTION", "say what this is";
}
