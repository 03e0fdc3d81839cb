//! DNs as text: enough to compare two of them and to take the first RDN apart (RFC 4514).

/// A spelling that two DNs share when they name the same entry: case, blanks and escapes do not matter.
///
/// `None` if the text is not a DN.
pub(crate) fn normalised(dn: &str) -> Option<String> {
    let mut rdns = Vec::new();
    for rdn in split(dn, ',')? {
        let mut pairs = Vec::new();
        for pair in split(rdn, '+')? {
            let (attribute, value) = pair.split_once('=')?;
            let attribute = attribute.trim().to_lowercase();
            if attribute.is_empty() {
                return None;
            }
            let value = unescaped(value)?.to_lowercase();
            let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
            pairs.push(format!("{attribute}={value:?}"));
        }
        pairs.sort();
        rdns.push(pairs.join("+"));
    }
    Some(rdns.join(","))
}

/// Attribute and value that name the entry, of a DN whose first RDN is a single pair.
pub(crate) fn naming(dn: &str) -> Option<(String, String)> {
    let first = split(dn, ',')?.into_iter().next()?;
    let pairs = split(first, '+')?;
    let [pair] = pairs.as_slice() else {
        return None;
    };
    let (attribute, value) = pair.split_once('=')?;
    Some((attribute.trim().to_owned(), unescaped(value)?))
}

/// Parts between separators that are not escaped; `None` if an escape has no end.
fn split(text: &str, separator: char) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut escaped = false;
    for (index, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == separator => {
                parts.push(text.get(start..index)?);
                start = index + separator.len_utf8();
            }
            _ => {}
        }
    }
    if escaped {
        return None;
    }
    parts.push(text.get(start..)?);
    Some(parts)
}

/// The value itself: `\2c` and `\,` are both a comma. Blanks around it do not belong to it unless they are escaped.
fn unescaped(value: &str) -> Option<String> {
    let trimmed = value.trim_start().trim_end_matches(' ');
    // A trailing escaped blank has lost its blank above.
    let restored = if ends_in_escape(trimmed) && trimmed.len() < value.trim_start().len() {
        format!("{trimmed} ")
    } else {
        trimmed.to_owned()
    };
    let mut bytes = Vec::with_capacity(restored.len());
    let mut rest = restored.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        if *byte != b'\\' {
            bytes.push(*byte);
            rest = after;
            continue;
        }
        let hex = after.get(..2).and_then(|pair| {
            let pair = std::str::from_utf8(pair).ok()?;
            u8::from_str_radix(pair, 16).ok()
        });
        if let Some(byte) = hex {
            bytes.push(byte);
            rest = after.get(2..)?;
        } else {
            let (byte, after) = after.split_first()?;
            bytes.push(*byte);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

fn ends_in_escape(text: &str) -> bool {
    text.chars()
        .rev()
        .take_while(|character| *character == '\\')
        .count()
        % 2
        == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_dn_are_the_same() {
        let plain = normalised("uid=alice,ou=people,dc=reeve,dc=test");

        for spelling in [
            "UID=Alice, OU=People , dc=reeve,DC=test",
            r"uid=\61lice,ou=people,dc=reeve,dc=test",
        ] {
            assert_eq!(normalised(spelling), plain, "{spelling}");
        }
        assert_eq!(
            normalised(r"cn=a\,b,dc=test"),
            normalised(r"cn=A\2CB, dc=test")
        );
        assert_eq!(
            normalised("cn=a+sn=b,dc=test"),
            normalised("SN=b + CN=a,dc=test")
        );
        assert_eq!(
            normalised(r"cn=a\ ,dc=test"),
            normalised(r"cn=a\20,dc=test")
        );
    }

    #[test]
    fn different_dns_stay_different() {
        assert_ne!(normalised("cn=a,dc=test"), normalised("cn=b,dc=test"));
        assert_ne!(normalised(r"cn=a\,dc=test"), normalised("cn=a,dc=test"));
        assert_ne!(
            normalised(r"cn=a\+sn\=b,dc=test"),
            normalised("cn=a+sn=b,dc=test")
        );
    }

    #[test]
    fn what_is_no_dn_is_said_so() {
        for text in ["alice", "cn=a,b", "=a", "cn=a\\"] {
            assert_eq!(normalised(text), None, "{text}");
        }
    }

    #[test]
    fn the_naming_pair_is_read_with_its_escapes() {
        assert_eq!(
            naming(r"cn=Finance\2c North,ou=groups,dc=test"),
            Some(("cn".to_owned(), "Finance, North".to_owned()))
        );
        assert_eq!(naming("cn=a+sn=b,dc=test"), None);
    }
}
