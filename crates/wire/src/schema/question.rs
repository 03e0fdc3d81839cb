//! Questions to requestors, answers, and texts in several languages.

use super::shape::{
    Shape, beta, beta_shape, both, complex, entity, flag, int, many, one, renamed, shape, shapes,
    text, two, v1, way,
};

#[rustfmt::skip]
pub(super) static SHAPES: &[Shape] = &[
    shapes(entity("accessPackageQuestion").is_abstract(), complex("accessPackageQuestion").is_abstract(), &[
        both(flag("isAnswerEditable")),
        both(flag("isRequired")),
        v1(many("localizations", "accessPackageLocalizedText")),
        both(int("sequence")),
        two(text("text"), one("text", "accessPackageLocalizedContent")),
        beta(text("id")),
    ]),
    shapes(entity("accessPackageTextInputQuestion").from("accessPackageQuestion"), complex("accessPackageTextInputQuestion").from("accessPackageQuestion"), &[
        both(flag("isSingleLineQuestion")),
        both(text("regexPattern")),
    ]),
    shapes(entity("accessPackageMultipleChoiceQuestion").from("accessPackageQuestion"), complex("accessPackageMultipleChoiceQuestion").from("accessPackageQuestion"), &[
        both(many("choices", "accessPackageAnswerChoice")),
        renamed(flag("isMultipleSelectionAllowed"), "allowsMultipleSelection"),
    ]),
    shape(complex("accessPackageAnswer").is_abstract(), &[
        both(text("displayValue")),
        two(way("answeredQuestion", "accessPackageQuestion").contained(), one("answeredQuestion", "accessPackageQuestion")),
    ]),
    shape(complex("accessPackageAnswerChoice"), &[
        both(text("actualValue")),
        v1(many("localizations", "accessPackageLocalizedText")),
        two(text("text"), one("displayValue", "accessPackageLocalizedContent")),
    ]),
    shape(complex("accessPackageAnswerString").from("accessPackageAnswer"), &[
        both(text("value")),
    ]),
    shape(complex("accessPackageLocalizedText"), &[
        two(text("languageCode").required(), text("languageCode")),
        both(text("text")),
    ]),
    beta_shape(complex("accessPackageLocalizedContent"), &[
        beta(text("defaultText")),
        beta(many("localizedTexts", "accessPackageLocalizedText")),
    ]),
];
