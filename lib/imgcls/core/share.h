#pragma once
// Things in a row, cut into parts as equal as can be.

namespace imgcls {

/// Consecutive ones: `first` to `first + count - 1`.
template <class T>
struct Share {
  T first = 0, count = 0;                  ///< the number of the first one, and how many there are
  T end() const { return first + count; }  ///< the number behind the last one
  friend bool operator==(const Share&, const Share&) = default;
};

/// The share number `part` when `count` things are cut into `parts`. Shares differ by one at most,
/// and are equal where `parts` divides `count`.
template <class T>
Share<T> share_of(T count, int part, int parts) {
  const auto begin = [&](int index) {
    return count * static_cast<T>(index) / static_cast<T>(parts);
  };
  return {begin(part), begin(part + 1) - begin(part)};
}

}  // namespace imgcls
