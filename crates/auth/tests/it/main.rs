//! Tests of tokens, keys, the development issuer and decisions, through the public interface only.

#[cfg(test)]
mod decisions;
#[cfg(test)]
mod fake_issuer;
#[cfg(test)]
mod forgeries;
#[cfg(test)]
mod issuance;
#[cfg(test)]
mod key_files;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod support;
