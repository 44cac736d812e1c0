package org.drag4j.weights;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.drag4j.tensor.WeightSource.Entry;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;

/**
 * Writes a safetensors file tensor by tensor, without holding it in memory: declare all tensors,
 * {@link #write} each in that order, {@link #finish}. The file appears under its name when
 * finished; closing before that leaves nothing behind.
 */
public final class SafetensorsWriter implements AutoCloseable {
  private static final int ALIGNMENT = 8;
  private static final long PIECE = 64L << 20;

  private final Path target;
  private final Path temporary;
  private final FileChannel channel;
  private final Iterator<Map.Entry<String, Entry>> declared;

  private SafetensorsWriter(
      Path target,
      Path temporary,
      FileChannel channel,
      Iterator<Map.Entry<String, Entry>> declared) {
    this.target = target;
    this.temporary = temporary;
    this.channel = channel;
    this.declared = declared;
  }

  /**
   * Starts a file with these tensors, in the map's order.
   *
   * @throws SafetensorsException where a name or shape is one that {@link Safetensors} refuses
   * @throws IOException where the folder cannot be written to
   */
  public static SafetensorsWriter create(
      Path target, Map<String, Entry> tensors, Map<String, String> metadata) throws IOException {
    byte[] text = header(tensors, metadata);
    long bytes = tensors.values().stream().mapToLong(SafetensorsWriter::bytes).sum();
    if (text.length > SafetensorsHeader.MAX_BYTES) {
      throw new SafetensorsException(
          "%s: expected a header of at most %d bytes, got %d; write fewer tensors into one file"
              .formatted(target, SafetensorsHeader.MAX_BYTES, text.length));
    }
    // Whatever the reader refuses is refused before it is written.
    var _ = SafetensorsHeader.parse(target.toString(), text, bytes);

    var temporary =
        target.resolveSibling(
            String.format(Locale.ROOT, ".%s.%x.tmp", target.getFileName(), System.nanoTime()));
    var channel =
        FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    var writer =
        new SafetensorsWriter(
            target, temporary, channel, List.copyOf(tensors.entrySet()).iterator());
    try {
      writer.put(
          ByteBuffer.allocate(8 + text.length)
              .order(ByteOrder.LITTLE_ENDIAN)
              .putLong(text.length)
              .put(text)
              .flip());
      return writer;
    } catch (IOException e) {
      writer.close();
      throw e;
    }
  }

  private static byte[] header(Map<String, Entry> tensors, Map<String, String> metadata) {
    var out = new ByteArrayOutputStream();
    try (JsonGenerator g = Json.FACTORY.createGenerator(ObjectWriteContext.empty(), out)) {
      g.writeStartObject();
      if (!metadata.isEmpty()) {
        g.writeName(SafetensorsHeader.METADATA);
        g.writeStartObject();
        metadata.forEach(g::writeStringProperty);
        g.writeEndObject();
      }
      long offset = 0;
      for (var e : tensors.entrySet()) {
        g.writeName(e.getKey());
        g.writeStartObject();
        g.writeStringProperty("dtype", e.getValue().dtype().name());
        g.writeName("shape");
        g.writeStartArray();
        e.getValue().shape().dims().forEach(g::writeNumber);
        g.writeEndArray();
        g.writeName("data_offsets");
        g.writeStartArray();
        g.writeNumber(offset);
        offset += bytes(e.getValue());
        g.writeNumber(offset);
        g.writeEndArray();
        g.writeEndObject();
      }
      g.writeEndObject();
    }
    // Readers of the format may expect the data aligned; it allows spaces after the header.
    while ((out.size() + 8) % ALIGNMENT != 0) {
      out.write(' ');
    }
    return out.toByteArray();
  }

  private static long bytes(Entry entry) {
    return Math.multiplyExact(entry.shape().size(), entry.dtype().bytes());
  }

  /**
   * Writes the next tensor.
   *
   * @param data its elements, little endian, row major
   * @throws IllegalArgumentException where this is not the next declared name or of another size
   */
  public void write(String name, MemorySegment data) throws IOException {
    if (!declared.hasNext()) {
      throw new IllegalArgumentException(
          "%s: expected no more tensors, got %s".formatted(target, Json.quote(name)));
    }
    var next = declared.next();
    if (!next.getKey().equals(name) || bytes(next.getValue()) != data.byteSize()) {
      throw new IllegalArgumentException(
          "%s: expected %s of %d bytes, got %s of %d bytes"
              .formatted(
                  target,
                  Json.quote(next.getKey()),
                  bytes(next.getValue()),
                  Json.quote(name),
                  data.byteSize()));
    }
    for (long from = 0; from < data.byteSize(); from += PIECE) {
      var piece = data.asSlice(from, Math.min(PIECE, data.byteSize() - from));
      // Only native memory and byte arrays can be seen as a byte buffer.
      put(
          piece.isNative()
              ? piece.asByteBuffer()
              : ByteBuffer.wrap(piece.toArray(ValueLayout.JAVA_BYTE)));
    }
  }

  /**
   * Puts the file in its place, replacing one of that name.
   *
   * @throws IllegalStateException where a declared tensor was not written
   */
  public void finish() throws IOException {
    if (declared.hasNext()) {
      throw new IllegalStateException(
          "%s: expected tensor %s to be written, got the end"
              .formatted(target, Json.quote(declared.next().getKey())));
    }
    channel.close();
    try {
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
    Files.deleteIfExists(temporary);
  }

  private void put(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }
}
