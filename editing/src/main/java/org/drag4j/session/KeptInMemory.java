package org.drag4j.session;

import java.util.LinkedHashMap;
import java.util.Optional;
import org.drag4j.method.Kept;
import org.drag4j.schedule.TorchRandom;

/**
 * Kept values of one model on one device, and the state of the random generator behind each: a
 * second edit goes on where the first one's values were made. Bounded in memory; the least recently
 * used values go first.
 */
final class KeptInMemory implements AutoCloseable {
  /** Values and the generator after their draws. */
  record Entry(Kept.Values values, TorchRandom random) {}

  private final long capacity;
  private final LinkedHashMap<Record, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);
  private long bytes;

  /** An empty cache of at most {@code capacity} bytes; 0 keeps nothing. */
  KeptInMemory(long capacity) {
    this.capacity = capacity;
  }

  /** The values, and a copy of the generator as it was left by whoever made them. */
  Optional<Entry> find(Record key) {
    return Optional.ofNullable(entries.get(key))
        .map(entry -> new Entry(entry.values(), entry.random().copy()));
  }

  /** Gives back the least recently used values until {@code more} bytes fit. */
  private void reserve(long more) {
    var oldest = entries.values().iterator();
    while (bytes + more > capacity && oldest.hasNext()) {
      var entry = oldest.next();
      bytes -= entry.values().bytes();
      entry.values().close();
      oldest.remove();
    }
  }

  /** Takes values over where they fit; whether it did. */
  boolean keep(Record key, Entry entry) {
    long size = entry.values().bytes();
    if (size > capacity || entries.containsKey(key)) {
      return false;
    }
    reserve(size);
    entries.put(key, new Entry(entry.values(), entry.random().copy()));
    bytes += size;
    return true;
  }

  @Override
  public void close() {
    entries.values().forEach(entry -> entry.values().close());
    entries.clear();
    bytes = 0;
  }
}
