package org.drag4j.weights;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.WeightSource.Entry;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * The checked header of a safetensors file: tensors in the order of their bytes, and the free-form
 * metadata.
 */
record SafetensorsHeader(Map<String, Tensor> tensors, Map<String, String> metadata) {
  /** The limit of the format's reference implementation. */
  static final long MAX_BYTES = 100_000_000;

  /** Most tensors of one file, and most metadata entries; large published files have thousands. */
  static final int MAX_TENSORS = 100_000;

  /** Longest name of a tensor, in characters. */
  static final int MAX_NAME = 1024;

  /** Most dimensions of a tensor. */
  static final int MAX_RANK = 8;

  static final String METADATA = "__metadata__";

  /** A tensor's bytes are {@code begin} to {@code end} of the data that follow the header. */
  record Tensor(Entry entry, long begin, long end) {}

  SafetensorsHeader {
    tensors = Collections.unmodifiableMap(tensors);
    metadata = Collections.unmodifiableMap(metadata);
  }

  /**
   * Reads a header and checks that its tensors fill the data exactly.
   *
   * @param dataBytes bytes of the file after the header
   * @throws SafetensorsException where anything is not as the format says
   */
  static SafetensorsHeader parse(String origin, byte[] text, long dataBytes) {
    if (text.length == 0 || text[0] != '{') {
      throw new SafetensorsException(
          "%s: expected the header to begin with '{', got %s; check that it is a safetensors file"
              .formatted(origin, text.length == 0 ? "no bytes" : "byte 0x%02x".formatted(text[0])));
    }
    var read =
        Json.object(
            origin + ": header",
            text,
            SafetensorsException::new,
            p -> new Reading(origin, p, dataBytes).header());
    return new SafetensorsHeader(inByteOrder(origin, read.tensors(), dataBytes), read.metadata());
  }

  /** The tensors sorted by their bytes, which must follow each other and end with the file. */
  private static Map<String, Tensor> inByteOrder(
      String origin, Map<String, Tensor> tensors, long dataBytes) {
    var order = new ArrayList<>(tensors.entrySet());
    order.sort(
        Comparator.<Map.Entry<String, Tensor>>comparingLong(e -> e.getValue().begin())
            .thenComparingLong(e -> e.getValue().end()));
    var sorted = new LinkedHashMap<String, Tensor>();
    long end = 0;
    String before = "the header";
    for (var e : order) {
      var t = e.getValue();
      if (t.begin() != end) {
        throw new SafetensorsException(
            "%s: tensor %s: data_offsets: expected to begin at %d, where %s ends, got %d (%s); %s"
                .formatted(
                    origin,
                    Json.quote(e.getKey()),
                    end,
                    before,
                    t.begin(),
                    t.begin() < end ? "they overlap" : "a hole between them",
                    Json.FETCH_AGAIN));
      }
      sorted.put(e.getKey(), t);
      end = t.end();
      before = Json.quote(e.getKey());
    }
    if (end != dataBytes) {
      throw new SafetensorsException(
          "%s: expected %d bytes after the header, the end of %s, got %d; %s"
              .formatted(origin, end, before, dataBytes, Json.FETCH_AGAIN));
    }
    return sorted;
  }

  private record Reading(String origin, JsonParser p, long dataBytes) {
    SafetensorsHeader header() {
      var tensors = new LinkedHashMap<String, Tensor>();
      Map<String, String> metadata = Map.of();
      while (p.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = p.currentName();
        if (name.equals(METADATA)) {
          metadata = metadata();
          continue;
        }
        checkName(name);
        if (tensors.size() == MAX_TENSORS) {
          throw fail(name, "expected at most " + MAX_TENSORS + " tensors, got more");
        }
        tensors.put(name, tensor(name));
      }
      return new SafetensorsHeader(tensors, metadata);
    }

    private Map<String, String> metadata() {
      if (p.nextToken() != JsonToken.START_OBJECT) {
        throw fail(METADATA, "expected an object of strings, got " + Json.shown(p));
      }
      var entries = new LinkedHashMap<String, String>();
      while (p.nextToken() == JsonToken.PROPERTY_NAME) {
        String key = p.currentName();
        if (p.nextToken() != JsonToken.VALUE_STRING) {
          throw fail(METADATA, Json.quote(key) + ": expected a string, got " + Json.shown(p));
        }
        if (entries.size() == MAX_TENSORS) {
          throw fail(METADATA, "expected at most " + MAX_TENSORS + " entries, got more");
        }
        entries.put(key, p.getString());
      }
      return entries;
    }

    private void checkName(String name) {
      if (name.isEmpty() || name.length() > MAX_NAME) {
        throw fail(
            name,
            "expected a name of 1 to %d characters, got %d".formatted(MAX_NAME, name.length()));
      }
      if (name.chars().anyMatch(Character::isISOControl)) {
        throw fail(name, "expected a name without control characters, got one");
      }
    }

    private Tensor tensor(String name) {
      if (p.nextToken() != JsonToken.START_OBJECT) {
        throw fail(name, "expected an object, got " + Json.shown(p));
      }
      @Nullable DType dtype = null;
      @Nullable Shape shape = null;
      @Nullable List<Long> offsets = null;
      while (p.nextToken() == JsonToken.PROPERTY_NAME) {
        String field = p.currentName();
        switch (field) {
          case "dtype" -> dtype = dtype(name);
          case "shape" -> shape = shape(name);
          case "data_offsets" -> offsets = longs(name, field, 2);
          default ->
              throw fail(name, "expected dtype, shape, data_offsets, got " + Json.quote(field));
        }
      }
      if (dtype == null || shape == null || offsets == null) {
        throw fail(
            name,
            "expected dtype, shape and data_offsets, got no "
                + (dtype == null ? "dtype" : shape == null ? "shape" : "data_offsets"));
      }
      return checked(name, new Entry(shape, dtype), offsets);
    }

    private DType dtype(String name) {
      if (p.nextToken() != JsonToken.VALUE_STRING) {
        throw fail(name, "dtype: expected a string, got " + Json.shown(p));
      }
      return switch (p.getString()) {
        case "F16" -> DType.F16;
        case "BF16" -> DType.BF16;
        case "F32" -> DType.F32;
        case "F64" -> DType.F64;
        case "I64" -> DType.I64;
        case "I32" -> DType.I32;
        case "U8" -> DType.U8;
        default ->
            throw new SafetensorsException(
                at(name)
                    + "dtype: expected F16, BF16, F32, F64, I64, I32 or U8, got "
                    + Json.shown(p)
                    + "; convert the file to one of these");
      };
    }

    private Shape shape(String name) {
      var dims = longs(name, "shape", MAX_RANK);
      for (long dim : dims) {
        if (dim > Integer.MAX_VALUE) {
          throw fail(name, "shape: expected dimensions below 2^31, got " + dim);
        }
      }
      return new Shape(dims.stream().map(Math::toIntExact).toList());
    }

    private List<Long> longs(String name, String field, int most) {
      if (p.nextToken() != JsonToken.START_ARRAY) {
        throw fail(name, field + ": expected a list of integers, got " + Json.shown(p));
      }
      var values = new ArrayList<Long>(4);
      while (p.nextToken() != JsonToken.END_ARRAY) {
        if (values.size() == most) {
          throw fail(name, field + ": expected at most " + most + " integers, got more");
        }
        boolean fits =
            p.currentToken() == JsonToken.VALUE_NUMBER_INT
                && p.getNumberType() != JsonParser.NumberType.BIG_INTEGER;
        if (!fits || p.getLongValue() < 0) {
          throw fail(name, field + ": expected integers from 0 to 2^63-1, got " + Json.shown(p));
        }
        values.add(p.getLongValue());
      }
      return values;
    }

    private Tensor checked(String name, Entry entry, List<Long> offsets) {
      if (offsets.size() != 2) {
        throw fail(name, "data_offsets: expected two integers, got " + offsets.size());
      }
      long begin = offsets.get(0);
      long end = offsets.get(1);
      if (begin > end) {
        throw fail(name, "data_offsets: expected begin <= end, got " + offsets);
      }
      long bytes;
      try {
        bytes = Math.multiplyExact(entry.shape().size(), entry.dtype().bytes());
      } catch (ArithmeticException e) {
        throw fail(name, "shape: expected fewer than 2^63 bytes, got " + entry.shape());
      }
      if (bytes != end - begin) {
        throw fail(
            name,
            "data_offsets: expected %d bytes for %s %s, got %d %s"
                .formatted(bytes, entry.dtype(), entry.shape(), end - begin, offsets));
      }
      if (end > dataBytes) {
        throw new SafetensorsException(
            at(name)
                + "data_offsets: expected an end of at most %d, the bytes after the header, got %d;"
                    .formatted(dataBytes, end)
                + " the file is cut short, fetch it again");
      }
      return new Tensor(entry, begin, end);
    }

    private SafetensorsException fail(String name, String what) {
      return new SafetensorsException(at(name) + what + "; " + Json.FETCH_AGAIN);
    }

    private String at(String name) {
      return "%s: tensor %s (header character %d): "
          .formatted(origin, Json.quote(name), Json.at(p));
    }
  }
}
