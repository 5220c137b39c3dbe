//! Merkle trees as in RFC 6962: an append-only list of leaves, its root, and short proofs that a leaf is in it or that
//! a longer list continues a shorter one.

use aws_lc_rs::digest::{Context, SHA256, digest};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// The root of a tree without leaves.
pub const EMPTY_ROOT: Hash = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41,
    0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];

pub fn sha256(bytes: &[u8]) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

/// The hash of a leaf with this content.
pub fn leaf_hash(content: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(&[0]);
    context.update(content);
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// The hash of the node above two nodes.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [0; 65];
    bytes[0] = 1;
    bytes[1..33].copy_from_slice(left);
    bytes[33..].copy_from_slice(right);
    sha256(&bytes)
}

/// What a tree must keep in order to grow: the complete subtrees that make it up, the largest first.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Frontier {
    size: u64,
    nodes: Vec<Hash>,
}

impl Frontier {
    /// None unless there are as many bytes as a tree of this size has.
    pub fn decode(size: u64, bytes: &[u8]) -> Option<Frontier> {
        let (nodes, rest) = bytes.as_chunks::<32>();
        let fits = rest.is_empty() && nodes.len() == size.count_ones() as usize;
        fits.then(|| Frontier { size, nodes: nodes.to_vec() })
    }

    pub fn encode(&self) -> Vec<u8> {
        self.nodes.concat()
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf. Returns the subtree of the `2^level` last leaves if this leaf completed it.
    pub fn push(&mut self, leaf: Hash, level: u32) -> Option<Hash> {
        let (mut hash, mut completed) = (leaf, None);
        for height in 0..=self.size.trailing_ones() {
            if height == level {
                completed = Some(hash);
            }
            if height < self.size.trailing_ones()
                && let Some(left) = self.nodes.pop()
            {
                hash = node_hash(&left, &hash);
            }
        }
        self.nodes.push(hash);
        self.size += 1;
        completed
    }

    pub fn root(&self) -> Hash {
        let mut nodes = self.nodes.iter().rev();
        let Some(last) = nodes.next() else { return EMPTY_ROOT };
        nodes.fold(*last, |right, left| node_hash(left, &right))
    }
}

/// Calculates proofs from the complete subtrees of a tree.
pub struct Prover<F> {
    /// The hash of the complete subtree with this number among those of its height.
    node: F,
}

impl<E, F: FnMut(u32, u64) -> Result<Hash, E>> Prover<F> {
    pub fn new(node: F) -> Prover<F> {
        Prover { node }
    }

    /// The root of the tree with this size.
    pub fn root(&mut self, size: u64) -> Result<Hash, E> {
        self.range(0, size)
    }

    /// The audit path of a leaf, as in section 2.1.1; `index` must be below `size`.
    pub fn inclusion(&mut self, index: u64, size: u64) -> Result<Vec<Hash>, E> {
        let (mut path, mut from, mut end) = (Vec::new(), 0, size);
        while end - from > 1 {
            let middle = from + split(end - from);
            if index < middle {
                path.push(self.range(middle, end)?);
                end = middle;
            } else {
                path.push(self.range(from, middle)?);
                from = middle;
            }
        }
        path.reverse();
        Ok(path)
    }

    /// The consistency proof of two sizes, as in section 2.1.2. Empty if `old` is zero or the size.
    pub fn consistency(&mut self, old: u64, size: u64) -> Result<Vec<Hash>, E> {
        let mut path = Vec::new();
        if old == 0 || old >= size {
            return Ok(path);
        }
        let (mut from, mut end, mut is_whole) = (0, size, true);
        while end != old {
            let middle = from + split(end - from);
            if old <= middle {
                path.push(self.range(middle, end)?);
                end = middle;
            } else {
                path.push(self.range(from, middle)?);
                from = middle;
                is_whole = false;
            }
        }
        if !is_whole {
            path.push(self.range(from, end)?);
        }
        path.reverse();
        Ok(path)
    }

    fn range(&mut self, from: u64, end: u64) -> Result<Hash, E> {
        let length = end - from;
        if length == 0 {
            return Ok(EMPTY_ROOT);
        }
        if length.is_power_of_two() {
            return (self.node)(length.trailing_zeros(), from / length);
        }
        let middle = from + split(length);
        Ok(node_hash(&self.range(from, middle)?, &self.range(middle, end)?))
    }
}

/// The root to which a leaf leads in a tree of a size, by the path that [`Prover::inclusion`] gives. None if the path
/// has another length.
pub fn root_by_inclusion(leaf: Hash, index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    let (mut from, mut end) = (0, size);
    let mut is_left = Vec::new();
    while end.checked_sub(from)? > 1 {
        let middle = from + split(end - from);
        is_left.push(index < middle);
        if index < middle { end = middle } else { from = middle }
    }
    let steps = path.iter().zip(is_left.iter().rev());
    let join = |hash: Hash, (other, is_left): (&Hash, &bool)| match is_left {
        true => node_hash(&hash, other),
        false => node_hash(other, &hash),
    };
    (index < size && path.len() == is_left.len()).then(|| steps.fold(leaf, join))
}

/// The largest power of two below a length of at least two.
fn split(length: u64) -> u64 {
    1 << (63 - (length - 1).leading_zeros())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    /// As section 2.1 defines it.
    fn defined(leaves: &[Hash]) -> Hash {
        match leaves.len() {
            0 => sha256(b""),
            1 => leaves[0],
            length => {
                let (left, right) = leaves.split_at(1usize << (usize::BITS - 1 - (length - 1).leading_zeros()));
                node_hash(&defined(left), &defined(right))
            }
        }
    }

    fn leaves(count: usize) -> Vec<Hash> {
        (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
    }

    #[test]
    fn a_growing_tree_has_the_defined_root_and_completes_its_subtrees() {
        let all = leaves(70);
        let mut frontier = Frontier::default();
        for (index, leaf) in all.iter().enumerate() {
            assert_eq!(frontier.root(), defined(&all[..index]));
            let completed = frontier.push(*leaf, 3);
            let expected = (index % 8 == 7).then(|| defined(&all[index - 7..=index]));
            assert_eq!(completed, expected, "{index}");
            assert_eq!(Frontier::decode(frontier.size(), &frontier.encode()).as_ref(), Some(&frontier));
        }
        assert_eq!(Frontier::decode(3, &[0; 32]), None);
        assert_eq!(Frontier::decode(1, &[0; 33]), None);
        assert_eq!(EMPTY_ROOT, sha256(b""));
    }

    #[test]
    fn a_leaf_leads_to_the_root_by_its_path_only() {
        let all = leaves(33);
        let mut prover = Prover::new(|level: u32, index: u64| {
            let (from, length) = (usize::try_from(index << level).unwrap(), 1usize << level);
            Ok::<_, Infallible>(defined(&all[from..from + length]))
        });
        for (size, index) in (1..=33).flat_map(|size| (0..size).map(move |index| (size, index))) {
            let (path, root) = (prover.inclusion(index, size).unwrap(), prover.root(size).unwrap());
            let leaf = all[usize::try_from(index).unwrap()];
            assert_eq!(root_by_inclusion(leaf, index, size, &path), Some(root), "{index} of {size}");
            assert_ne!(root_by_inclusion([7; 32], index, size, &path), Some(root), "{index} of {size}");
            assert_eq!(root_by_inclusion(leaf, size, size, &path), None);
        }
    }

    #[test]
    fn a_root_is_made_of_subtrees() {
        let all = leaves(33);
        let mut prover = Prover::new(|level: u32, index: u64| {
            let (from, length) = (usize::try_from(index << level).unwrap(), 1usize << level);
            Ok::<_, Infallible>(defined(&all[from..from + length]))
        });
        for size in 0..=33 {
            assert_eq!(prover.root(size).unwrap(), defined(&all[..usize::try_from(size).unwrap()]));
        }
    }
}
