//! A TCP proxy that breaks connections to order: it stands between a client and any real peer.
//!
//! **Invariant:** without a fault every byte is passed on unchanged; a fault also meets connections that were open before.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Whether these bytes from a client begin the request that the fault is meant for.
pub type Marker = fn(&[u8]) -> bool;

/// What the proxy does wrong.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// Nothing passes in either direction; connections stay open.
    Hang,
    /// A marked request reaches the peer, its answer does not come back: the connection is cut instead.
    LoseAnswer(Marker),
    /// A marked request reaches the peer, and only the first half of its answer comes back before the cut.
    HalfAnswer(Marker),
    /// Every connection is cut at once.
    Down,
}

/// A running proxy.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    target: SocketAddr,
    fault: Mutex<Option<Fault>>,
    streams: Mutex<Vec<TcpStream>>,
    stopped: AtomicBool,
}

/// What a connection does with the next bytes of its peer.
const PASS: u8 = 0;
const LOSE: u8 = 1;
const HALVE: u8 = 2;

impl Proxy {
    /// Stands before `target`, on a port of its own.
    pub fn start(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            target,
            fault: Mutex::new(None),
            streams: Mutex::new(Vec::new()),
            stopped: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accepting.accept(&listener));
        Ok(Self { address, shared })
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Breaks, or with `None` heals. Connections that a fault has touched are cut when it ends.
    pub fn set_fault(&self, fault: Option<Fault>) {
        let before = std::mem::replace(&mut *lock(&self.shared.fault), fault);
        if before.is_some() || matches!(fault, Some(Fault::Down)) {
            self.shared.cut_all();
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        self.shared.cut_all();
        // Wakes the accepting thread; if that fails there is none.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming() {
            if self.stopped.load(Ordering::SeqCst) {
                return;
            }
            // A connection that cannot be set up is dropped, which is what the client then sees.
            let _ = client.and_then(|client| self.join(client));
        }
    }

    fn join(self: &Arc<Self>, client: TcpStream) -> io::Result<()> {
        if matches!(*lock(&self.fault), Some(Fault::Down)) {
            return client.shutdown(Shutdown::Both);
        }
        let peer = TcpStream::connect(self.target)?;
        client.set_nodelay(true)?;
        peer.set_nodelay(true)?;
        lock(&self.streams).extend([client.try_clone()?, peer.try_clone()?]);
        let next = Arc::new(AtomicU8::new(PASS));
        let (to_peer, to_client) = (peer.try_clone()?, client.try_clone()?);
        let (forth, back) = (Arc::clone(self), Arc::clone(self));
        let marks = Arc::clone(&next);
        thread::spawn(move || forth.pass_requests(client, to_peer, &marks));
        thread::spawn(move || back.pass_answers(peer, to_client, &next));
        Ok(())
    }

    fn pass_requests(&self, mut client: TcpStream, mut peer: TcpStream, next: &AtomicU8) {
        let mut buffer = vec![0; 64 * 1024];
        while let Some(bytes) = read(&mut client, &mut buffer) {
            let fault = *lock(&self.fault);
            match fault {
                Some(Fault::Hang) => continue,
                Some(Fault::LoseAnswer(marker)) if marker(bytes) => {
                    next.store(LOSE, Ordering::SeqCst);
                }
                Some(Fault::HalfAnswer(marker)) if marker(bytes) => {
                    next.store(HALVE, Ordering::SeqCst);
                }
                _ => {}
            }
            if peer.write_all(bytes).is_err() {
                break;
            }
        }
        cut(&client);
        cut(&peer);
    }

    fn pass_answers(&self, mut peer: TcpStream, mut client: TcpStream, next: &AtomicU8) {
        let mut buffer = vec![0; 64 * 1024];
        while let Some(bytes) = read(&mut peer, &mut buffer) {
            if matches!(*lock(&self.fault), Some(Fault::Hang)) {
                continue;
            }
            let (passed, goes_on) = match next.load(Ordering::SeqCst) {
                LOSE => (&[][..], false),
                HALVE => (bytes.get(..bytes.len() / 2).unwrap_or_default(), false),
                _ => (bytes, true),
            };
            if client.write_all(passed).is_err() || !goes_on {
                break;
            }
        }
        cut(&client);
        cut(&peer);
    }

    fn cut_all(&self) {
        for stream in lock(&self.streams).drain(..) {
            cut(&stream);
        }
    }
}

/// An HTTP request that changes a resource in place.
pub fn is_http_patch(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PATCH ")
}

/// An LDAP message that holds a modify request: `SEQUENCE { INTEGER id, [APPLICATION 6] … }`.
pub fn is_ldap_modify(bytes: &[u8]) -> bool {
    let Some((0x30, after_tag)) = bytes.split_first().map(|(tag, rest)| (*tag, rest)) else {
        return false;
    };
    let long_form = after_tag.first().map_or(0, |length| {
        if length & 0x80 == 0 {
            0
        } else {
            usize::from(length & 0x7f)
        }
    });
    let Some([0x02, id_length, rest @ ..]) = after_tag.get(1 + long_form..) else {
        return false;
    };
    rest.get(usize::from(*id_length)) == Some(&0x66)
}

fn read<'a>(stream: &mut TcpStream, buffer: &'a mut [u8]) -> Option<&'a [u8]> {
    let length = stream.read(buffer).ok().filter(|length| *length > 0)?;
    buffer.get(..length)
}

fn cut(stream: &TcpStream) {
    // It may be gone already.
    let _ = stream.shutdown(Shutdown::Both);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers every connection's first bytes with `pong` and keeps what it got.
    fn pong_server() -> (SocketAddr, thread::JoinHandle<Vec<u8>>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut buffer = [0; 100];
            let length = stream.read(&mut buffer).unwrap();
            stream.write_all(b"pong").unwrap();
            buffer[..length].to_vec()
        });
        (address, server)
    }

    fn call(proxy: &Proxy, request: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(proxy.address()).unwrap();
        stream.write_all(request).unwrap();
        let mut answer = Vec::new();
        // A cut may arrive as an error.
        let _ = stream.read_to_end(&mut answer);
        answer
    }

    #[test]
    fn without_a_fault_it_passes_everything() {
        let (address, server) = pong_server();
        let proxy = Proxy::start(address).unwrap();

        assert_eq!(call(&proxy, b"ping"), b"pong");
        assert_eq!(server.join().unwrap(), b"ping");
    }

    #[test]
    fn a_lost_answer_was_still_asked_for() {
        let (address, server) = pong_server();
        let proxy = Proxy::start(address).unwrap();
        proxy.set_fault(Some(Fault::LoseAnswer(is_http_patch)));

        assert_eq!(call(&proxy, b"PATCH /x"), b"");
        assert_eq!(server.join().unwrap(), b"PATCH /x");
    }

    #[test]
    fn half_an_answer_is_cut_in_the_middle() {
        let (address, _server) = pong_server();
        let proxy = Proxy::start(address).unwrap();
        proxy.set_fault(Some(Fault::HalfAnswer(is_http_patch)));

        assert_eq!(call(&proxy, b"PATCH /x"), b"po");
    }

    #[test]
    fn modify_requests_are_told_from_others() {
        assert!(is_ldap_modify(&[0x30, 0x05, 0x02, 0x01, 0x07, 0x66, 0x00]));
        assert!(is_ldap_modify(&[
            0x30, 0x84, 0, 0, 0, 6, 0x02, 0x02, 0x01, 0x07, 0x66, 0x00
        ]));
        assert!(!is_ldap_modify(&[0x30, 0x05, 0x02, 0x01, 0x07, 0x63, 0x00]));
        assert!(!is_ldap_modify(b"PATCH"));
        assert!(!is_ldap_modify(&[0x30]));
    }
}
