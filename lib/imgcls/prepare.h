#pragma once
// All of imgcls/prepare: a data set made ready once, before it is trained on. In the order of
// things:
//
//   header                       what it does
//   prepare/imagenet/prepare.h   ImageNet from its archives, into folders or shards
//   prepare/imagenet/sums.h      the MD5 sums that the archives are checked against
//   prepare/imagenet/meta_bin.h  torchvision's meta.bin, read and written
//   prepare/make_index.h         an index of a folder or of shards, made and checked
//   prepare/check_data.h         what a data set holds, and what is wrong with it; channel_sums.h
//                                mean and deviation of its colours
//   prepare/shard_writer.h       samples into tar files, one by one
//   prepare/write_shards.h       a whole folder, or somebody's shards, as shards of ours
//
// Inside:
//
//   archive.h                    archives read from begin to end; unpack.h packed files
//   sample_files.h               the samples of what is to be indexed; known_samples.h those
//                                that an earlier index knows; scan_image.h what is kept of an
//                                image
//   shard_plan.h                 which sample goes into which shard; unpacked_shards.h where some
//                                are packed
//   imagenet/archives.h          the archives' images go into an image_sink.h (folder_sink.h or
//                                shard_sink.h), with the classes of devkit.h (mat_file.h);
//                                journal.h and record.h remember what is done

#include <imgcls/prepare/channel_sums.h>
#include <imgcls/prepare/check_data.h>
#include <imgcls/prepare/imagenet/meta_bin.h>
#include <imgcls/prepare/imagenet/prepare.h>
#include <imgcls/prepare/imagenet/sums.h>
#include <imgcls/prepare/make_index.h>
#include <imgcls/prepare/shard_writer.h>
#include <imgcls/prepare/write_shards.h>
