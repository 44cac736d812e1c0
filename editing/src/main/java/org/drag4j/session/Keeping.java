package org.drag4j.session;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.drag4j.cache.Digest;
import org.drag4j.method.Kept;
import org.drag4j.pipeline.Pipeline;
import org.drag4j.schedule.TorchRandom;

/** Where the values of a model's edits are kept: in memory, on disk, or for one edit alone. */
final class Keeping implements AutoCloseable {
  private final Pipeline pipeline;
  private KeptInMemory memory = new KeptInMemory(0);
  private Optional<KeptOnDisk> disk = Optional.empty();
  private final List<Kept.Values> lent = new ArrayList<>();

  Keeping(Pipeline pipeline) {
    this.pipeline = pipeline;
  }

  /** Keeps at most {@code bytes} in memory from now on. */
  void inMemory(long bytes) {
    memory.close();
    memory = new KeptInMemory(bytes);
  }

  /** Keeps values on disk as well from now on. */
  void onDisk(KeptOnDisk folder) {
    disk = Optional.of(folder);
  }

  /**
   * The values of a key, kept or made.
   *
   * @param random the generator before they are made
   */
  KeptInMemory.Entry get(
      Record key,
      Supplier<KeptInMemory.Entry> make,
      TorchRandom random,
      Consumer<String> warn,
      float[]... from) {
    var found = memory.find(key);
    if (found.isPresent()) {
      return found.get();
    }
    var entry = disk.map(in -> stored(in, key, make, random, warn, from)).orElseGet(make);
    if (!memory.keep(key, entry)) {
      lent.add(entry.values());
    }
    return entry;
  }

  /** From the disk, or made and put there. */
  private KeptInMemory.Entry stored(
      KeptOnDisk in,
      Record key,
      Supplier<KeptInMemory.Entry> make,
      TorchRandom random,
      Consumer<String> warn,
      float[]... from) {
    var parts = new ArrayList<Object>(List.of(in.how(), pipeline.identity(), key));
    parts.add(random.state());
    parts.addAll(List.of(from));
    String digest = Digest.of(parts.toArray());
    return in.read(digest, pipeline::allocateBank, warn)
        .orElseGet(() -> {
          var made = make.get();
          boolean written = false;
          try {
            in.write(digest, made, warn);
            written = true;
            return made;
          } finally {
            if (!written) {
              made.values().close();
            }
          }
        });
  }

  /** Gives back the values of a finished edit that no cache keeps. */
  void release() {
    lent.forEach(Kept.Values::close);
    lent.clear();
  }

  @Override
  public void close() {
    release();
    memory.close();
  }
}
