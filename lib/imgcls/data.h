#pragma once
// All of imgcls/data.

#include <imgcls/augment/transform.h>
#include <imgcls/data/class_names.h>
#include <imgcls/data/index.h>
#include <imgcls/data/loader.h>
#include <imgcls/data/sampler.h>
#include <imgcls/data/source.h>
#include <imgcls/data/staging.h>
#include <imgcls/image/decode.h>
#include <imgcls/image/image.h>
#include <imgcls/prepare/imagenet/meta_bin.h>
#include <imgcls/prepare/imagenet/prepare.h>
#include <imgcls/prepare/make_index.h>
#include <imgcls/prepare/shard_writer.h>
#include <imgcls/prepare/write_shards.h>
