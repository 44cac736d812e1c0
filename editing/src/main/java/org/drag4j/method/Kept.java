package org.drag4j.method;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.Supplier;
import org.drag4j.pipeline.SiteBank;

/** Values that another edit can use again: in memory, and on disk for later processes. */
public interface Kept {
  /** Keeps nothing: everything is made anew. */
  Kept NOTHING =
      new Kept() {
        @Override
        public Values get(Record key, Supplier<Values> make, float[]... from) {
          return make.get();
        }
      };

  /**
   * The values of a key: kept from an earlier edit, or made now. Random numbers then go on as if
   * the values had been made now. The values stay until the session closes; nobody changes them.
   *
   * @param key everything that the values depend on but model, device and precision; a picture is
   *     named by its digest
   * @param from arrays that the values are computed from; they enter the name under which values
   *     are kept on disk
   */
  Values get(Record key, Supplier<Values> make, float[]... from);

  /**
   * Named tensors, and the bank that a program captured into.
   *
   * @param tensors by name, in order
   */
  record Values(SequencedMap<String, float[]> tensors, Optional<SiteBank> bank)
      implements AutoCloseable {
    public Values {
      tensors = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(tensors));
    }

    /** Named lists of tensors, and the bank that a program captured into. */
    public static Values of(SequencedMap<String, List<float[]>> lists, SiteBank bank) {
      var tensors = new LinkedHashMap<String, float[]>();
      lists.forEach((name, list) -> {
        for (int i = 0; i < list.size(); i++) {
          tensors.put(name + "." + i, list.get(i));
        }
      });
      return new Values(tensors, Optional.of(bank));
    }

    /** The tensors that were given as a list under this name. */
    public List<float[]> list(String name) {
      var list = new ArrayList<float[]>();
      for (var tensor = tensors.get(name + ".0"); tensor != null; ) {
        list.add(tensor);
        tensor = tensors.get(name + "." + list.size());
      }
      return list;
    }

    /** Bytes of memory that tensors and bank take. */
    public long bytes() {
      long bytes = bank.map(SiteBank::bytes).orElse(0L);
      for (var tensor : tensors.values()) {
        bytes += (long) Float.BYTES * tensor.length;
      }
      return bytes;
    }

    /** Gives device memory back. */
    @Override
    public void close() {
      bank.ifPresent(SiteBank::close);
    }
  }
}
