#pragma once
// Files read whole, and written so that a reader never sees half of one.

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace imgcls {

/// The bytes of a file. Throws IoError naming the file and the system's reason; a path that is not
/// a regular file (a folder, a FIFO, a device) is refused without being opened for reading.
std::vector<std::byte> read_file(const std::filesystem::path& path);

/// The same into `bytes`, whose capacity is reused.
void read_file(const std::filesystem::path& path, std::vector<std::byte>& bytes);

/// The text of a file.
std::string read_text(const std::filesystem::path& path);

/// Writes `bytes` to `path` and flushes them to the disk (fsync). Throws IoError naming path, bytes
/// and reason. Not atomic by itself: write into a temporary place, then rename.
void write_synced(const std::filesystem::path& path, std::span<const std::byte> bytes);

/// Writes `bytes` to `path` without flushing them: for many files, flushed by one
/// `sync_filesystem`. A link in the place of `path` is not followed. Throws IoError as write_synced
/// does.
void write_unsynced(const std::filesystem::path& path, std::span<const std::byte> bytes);

/// Flushes all that was written to the file system that holds `path` to its disk.
void sync_filesystem(const std::filesystem::path& path);

/// Throws IoError where `path` is something that must not be replaced by a file: a device (a rename
/// would take the place of /dev/null for all programs), a FIFO, a folder.
void check_replaceable(const std::filesystem::path& path);

/// Replaces `path` by `text` in one step: temporary file beside it, fsync, rename, fsync of the
/// folder. Throws IoError, as check_replaceable does, too.
void replace_file(const std::filesystem::path& path, std::string_view text);

/// Puts the finished folder `temporary` in the place of `final_path`, whether or not something is
/// there; what was there is removed. Both lie in the same folder. Throws IoError; what was there
/// then is still there, or put back by `finish_replacement`.
///
/// In one step where the file system can exchange two names. NFS and others cannot: there the old
/// folder is moved aside, to .NAME.old, before the new one gets its name.
void replace_folder(const std::filesystem::path& temporary,
                    const std::filesystem::path& final_path);

/// Puts right what a `replace_folder` left that ended between its steps: to call where a program
/// begins to work with `final_path`. Throws IoError.
void finish_replacement(const std::filesystem::path& final_path);

/// Makes `link` a symbolic link to `target` (relative to the link's folder) in one step, whatever
/// link or file was there. False where the file system has no links. Throws IoError.
bool replace_link(const std::filesystem::path& target, const std::filesystem::path& link);

/// Removes a file, or a folder with all in it, if it is there. Throws IoError.
void remove_tree(const std::filesystem::path& path);

/// Flushes a folder's entries to the disk, so that a rename in it survives a power cut.
void sync_folder(const std::filesystem::path& folder);

/// Creates a folder and its parents; throws IoError with the reason.
void make_folders(const std::filesystem::path& folder);

}  // namespace imgcls
