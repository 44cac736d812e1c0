package org.drag4j.weights;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * Weights split over several safetensors files by an index ({@code *.safetensors.index.json}) whose
 * {@code weight_map} says which file holds which tensor. Every file must lie in the index's folder,
 * or be a link there, as in Hugging Face's cache.
 */
public final class ShardedSafetensors implements WeightFile {
  private static final int MAX_BYTES = 16 << 20;
  private static final int MAX_SHARDS = 1000;

  private final Path index;
  private final Map<String, Safetensors> shardOf;
  private final Map<String, Safetensors> shards;

  private ShardedSafetensors(
      Path index, Map<String, Safetensors> shardOf, Map<String, Safetensors> shards) {
    this.index = index;
    this.shardOf = Collections.unmodifiableMap(shardOf);
    this.shards = shards;
  }

  /**
   * Opens the index and all its files, and checks that each holds the tensors it should.
   *
   * @throws ModelNotFoundException where the index or a file of it is missing
   * @throws SafetensorsException where the index or a file is damaged or points out of the folder
   */
  public static ShardedSafetensors open(Path index) {
    byte[] text = Json.bytes(index, MAX_BYTES, SafetensorsException::new);
    var files =
        Json.object(index.toString(), text, SafetensorsException::new, p -> weightMap(index, p));
    var shards = new LinkedHashMap<String, Safetensors>();
    var shardOf = new LinkedHashMap<String, Safetensors>();
    boolean opened = false;
    try {
      for (var e : files.entrySet()) {
        String name = e.getKey();
        var shard = shards.get(e.getValue());
        if (shard == null) {
          if (shards.size() == MAX_SHARDS) {
            throw fail(index, "expected at most " + MAX_SHARDS + " files, got more");
          }
          shard = Safetensors.open(inside(index, e.getValue()));
          shards.put(e.getValue(), shard);
        }
        if (shard.entry(name).isEmpty()) {
          throw fail(
              index,
              "weight_map: expected tensor %s in %s, got none of that name there"
                  .formatted(Json.quote(name), shard.origin()));
        }
        shardOf.put(name, shard);
      }
      opened = true;
      return new ShardedSafetensors(index, shardOf, shards);
    } finally {
      if (!opened) {
        shards.values().forEach(Safetensors::close);
      }
    }
  }

  private static Map<String, String> weightMap(Path index, JsonParser p) {
    @Nullable Map<String, String> files = null;
    while (p.nextToken() == JsonToken.PROPERTY_NAME) {
      String key = p.currentName();
      var token = p.nextToken();
      if (!key.equals("weight_map")) {
        p.skipChildren();
        continue;
      }
      if (token != JsonToken.START_OBJECT) {
        throw fail(index, "weight_map: expected an object, got " + Json.shown(p));
      }
      files = new LinkedHashMap<>();
      while (p.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = p.currentName();
        if (p.nextToken() != JsonToken.VALUE_STRING) {
          throw fail(
              index,
              "weight_map: tensor %s: expected a file name, got %s"
                  .formatted(Json.quote(name), Json.shown(p)));
        }
        if (files.size() == SafetensorsHeader.MAX_TENSORS) {
          throw fail(
              index, "weight_map: expected at most " + SafetensorsHeader.MAX_TENSORS + " tensors");
        }
        files.put(name, p.getString());
      }
    }
    if (files == null) {
      throw fail(index, "expected a weight_map, got none");
    }
    return files;
  }

  /**
   * The shard's path, once it is certain that it names a file of the index's own folder; where a
   * link there leads is up to whom the folder belongs to.
   */
  private static Path inside(Path index, String shard) {
    boolean plain =
        shard.endsWith(".safetensors")
            && shard.length() <= 255
            && shard.chars().noneMatch(c -> "/\\:".indexOf(c) >= 0 || Character.isISOControl(c));
    if (!plain) {
      throw fail(
          index,
          "weight_map: expected the name of a .safetensors file in the same folder, got "
              + Json.quote(shard));
    }
    Path file;
    try {
      file = index.resolveSibling(shard);
    } catch (InvalidPathException e) {
      throw fail(
          index,
          "weight_map: expected a file name that this system can have, got " + Json.quote(shard));
    }
    if (!Links.exists(file)) {
      throw new ModelNotFoundException(
          "%s: weight_map: expected the file %s beside it, got none; fetch the missing file"
              .formatted(index, Json.quote(shard)));
    }
    return file;
  }

  private static SafetensorsException fail(Path index, String what) {
    return new SafetensorsException(index + ": " + what + "; " + Json.FETCH_AGAIN);
  }

  /** Number of files. */
  public int shards() {
    return shards.size();
  }

  @Override
  public String origin() {
    return index.toString();
  }

  /** All names, in the index's order. */
  @Override
  public Set<String> names() {
    return shardOf.keySet();
  }

  @Override
  public Optional<Entry> entry(String name) {
    return Optional.ofNullable(shardOf.get(name)).flatMap(shard -> shard.entry(name));
  }

  @Override
  public MemorySegment bytes(String name, Arena arena) {
    var shard = shardOf.get(name);
    if (shard == null) {
      throw Safetensors.missing(origin(), name);
    }
    return shard.bytes(name, arena);
  }

  @Override
  public void close() {
    shards.values().forEach(Safetensors::close);
  }
}
