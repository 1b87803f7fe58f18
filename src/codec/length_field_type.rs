/// An integer as which the length of a payload can be written.
///
/// # Examples
///
/// ```
/// use flow_controlled_writer::codec::LengthFieldType;
///
/// assert_eq!(<u16 as LengthFieldType>::LENGTH, 2);
/// ```
pub trait LengthFieldType: sealed::Sealed + Sized {
    /// The length of the integer in bytes, 1 to 8.
    const LENGTH: usize = size_of::<Self>();
}

impl LengthFieldType for u8 {}
impl LengthFieldType for u16 {}
impl LengthFieldType for u32 {}
impl LengthFieldType for u64 {}
impl LengthFieldType for usize {}

/// Which integers these are is decided here.
///
/// ```compile_fail
/// struct Length;
///
/// impl flow_controlled_writer::codec::LengthFieldType for Length {}
/// ```
#[expect(unnameable_types)]
mod sealed {
    pub trait Sealed {}

    impl Sealed for u8 {}
    impl Sealed for u16 {}
    impl Sealed for u32 {}
    impl Sealed for u64 {}
    impl Sealed for usize {}
}
