//! Tests of tokens, keys, the development issuer and decisions, through the public interface only.

#[cfg(test)]
mod decisions;
#[cfg(test)]
mod fake_issuer;
#[cfg(test)]
mod forgeries;
#[cfg(test)]
mod introspection;
#[cfg(test)]
mod issuance;
#[cfg(test)]
mod key_files;
#[cfg(test)]
mod mapping;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod signers;
#[cfg(test)]
mod support;
