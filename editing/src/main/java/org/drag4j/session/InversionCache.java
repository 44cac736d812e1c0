package org.drag4j.session;

import java.util.LinkedHashMap;
import java.util.Optional;
import org.drag4j.document.EditDocument;
import org.drag4j.method.Inversion;
import org.drag4j.method.RegionDrag;
import org.drag4j.picture.Picture;
import org.drag4j.schedule.TorchRandom;

/**
 * Inversions of one model on one device, and the state of the random generator behind each: a
 * second edit of a picture goes on where the first one's inversion ended. Bounded in memory; what
 * was used longest ago goes first.
 */
public final class InversionCache implements AutoCloseable {
  /**
   * Everything an inversion depends on but the model.
   *
   * @param pixels what the model sees
   */
  record Key(
      Picture pixels,
      String prompt,
      int steps,
      double start,
      long seed,
      RegionDrag.Variant variant,
      String layers,
      boolean batched) {
    static Key of(EditDocument document, Picture pixels) {
      var method = document.method();
      return new Key(
          pixels,
          document.prompt(),
          method.steps(),
          method.start(),
          document.seed(),
          method.variant(),
          method.injection().layers(),
          method.batched());
    }
  }

  /** An inversion and the generator after its draws. */
  record Entry(Inversion inversion, TorchRandom random) {}

  private final long capacity;
  private final LinkedHashMap<Key, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);
  private long bytes;

  /** An empty cache of so many bytes; 0 keeps nothing. */
  public InversionCache(long capacity) {
    this.capacity = capacity;
  }

  /** The inversion, and a copy of the generator as it left it. */
  Optional<Entry> find(Key key) {
    return Optional.ofNullable(entries.get(key))
        .map(entry -> new Entry(entry.inversion(), entry.random().copy()));
  }

  /** Gives back what was used longest ago until so many bytes more fit. */
  private void reserve(long more) {
    var oldest = entries.values().iterator();
    while (bytes + more > capacity && oldest.hasNext()) {
      var entry = oldest.next();
      bytes -= entry.inversion().bytes();
      entry.inversion().bank().close();
      oldest.remove();
    }
  }

  /** Takes an inversion over where it fits; whether it did. */
  boolean keep(Key key, Entry entry) {
    long size = entry.inversion().bytes();
    if (size > capacity || entries.containsKey(key)) {
      return false;
    }
    reserve(size);
    entries.put(key, new Entry(entry.inversion(), entry.random().copy()));
    bytes += size;
    return true;
  }

  @Override
  public void close() {
    entries.values().forEach(entry -> entry.inversion().bank().close());
    entries.clear();
    bytes = 0;
  }
}
