#pragma once
// All of imgcls/core: what every room stands on. In the order in which a program comes to it:
//
//   header                    what it does
//   core/error.h              the exceptions; core/error_text.h what to tell people of one
//   core/process.h            what a program settles about its process first
//   core/config.h             configurations: files merged, checked against core/schema.h;
//                             core/config_arguments.h what other arguments are meant for
//   core/option_fields.h      options that read and write themselves; core/free_keys.h those that
//                             change no result
//   core/registry.h           ingredients by name, and their options; core/named_entries.h, of
//                             which it is made, core/nearest.h "did you mean ...?"
//   core/log.h                messages for people
//   core/cores.h              how many cores there are; core/parallel.h threads that share work,
//                             core/share.h cut into equal parts
//   core/machine.h            what this process runs on; core/instruction_set.h its vector unit
//   core/file.h               files read and written whole; core/input_file.h read at any place;
//                             core/new_file.h written piece by piece; core/file_lock.h locked;
//                             core/byte_source.h a file or memory; core/descriptor.h the system's
//   core/philox.h             random numbers without a state; core/distributions.h of other
//                             distributions than the uniform one
//   core/xxh3.h               digests of data sets; core/sha256.h, core/md5.h of files (digest.h)
//
// Formats: text.h, utf8.h, quoted_name.h (texts and names), json_text.h, html_text.h, base64.h,
// nan_sign.h, little_endian.h, file_signature.h, pickle.h, zip_file.h.

#include <imgcls/core/config.h>
#include <imgcls/core/cores.h>
#include <imgcls/core/distributions.h>
#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/input_file.h>
#include <imgcls/core/log.h>
#include <imgcls/core/md5.h>
#include <imgcls/core/new_file.h>
#include <imgcls/core/philox.h>
#include <imgcls/core/sha256.h>
#include <imgcls/core/xxh3.h>
