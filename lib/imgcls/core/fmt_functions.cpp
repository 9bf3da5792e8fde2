// fmt's own functions, compiled once instead of in every file that formats, where they cost 5 s
// each. This is fmt's src/format.cc, which packages leave out, without what nobody here uses (wide
// characters, locales of one's own); 9.1 to 12.2 want the same, but for where locale_ref stands.
#include <fmt/format-inl.h>

FMT_BEGIN_NAMESPACE
namespace detail {

template FMT_API auto dragonbox::to_decimal(float) noexcept -> dragonbox::decimal_fp<float>;
template FMT_API auto dragonbox::to_decimal(double) noexcept -> dragonbox::decimal_fp<double>;
template FMT_API auto thousands_sep_impl(locale_ref) -> thousands_sep_result<char>;
template FMT_API auto decimal_point_impl(locale_ref) -> char;
template FMT_API void buffer<char>::append(const char*, const char*);

}  // namespace detail

// For times (fmt/chrono.h).
#if FMT_VERSION >= 120000
template FMT_API auto locale_ref::get<std::locale>() const -> std::locale;
#else
template FMT_API auto detail::locale_ref::get<std::locale>() const -> std::locale;
#endif

FMT_END_NAMESPACE
