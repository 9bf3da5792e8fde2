#pragma once
// All of imgcls/data: from the files of a data set to batches. In the order of things:
//
//   header                what it does
//   data/source.h         a data set: numbered samples, each with a class, or several, and an
//                         image; folders, shards, IDX files, lists, or one of your own
//   data/formats.h        the table of formats by name, and how a program adds its own
//   data/class_names.h    what its classes are called
//   data/index.h          what is known of its samples without reading them
//   data/staging.h        shards copied to a local disk first
//   data/sampling.h       which images an epoch has, by sampler.h, which also has a rank's share
//   data/loader.h         threads that read, decode, augment, and hand batches over in order
//
// Inside:
//
//   folder_files.h        the files of a folder of class folders; list_files.h those of a list
//   shard_folder.h        the tar files of a folder; shard_listing.h their samples, by tar.h,
//                         tar_samples.h, member_name.h and shard_labels.h
//   index_format.h        an index's bytes; index_content.h one in the making
//   pipeline.h            batches under way in a loader; image_maker.h one thread's work in it
//
// A data set is made, and its images become tensors, by other rooms, which this header has always
// brought along.

#include <imgcls/augment.h>
#include <imgcls/data/class_names.h>
#include <imgcls/data/formats.h>
#include <imgcls/data/index.h>
#include <imgcls/data/loader.h>
#include <imgcls/data/sampler.h>
#include <imgcls/data/sampling.h>
#include <imgcls/data/source.h>
#include <imgcls/data/staging.h>
#include <imgcls/image.h>
#include <imgcls/prepare.h>
