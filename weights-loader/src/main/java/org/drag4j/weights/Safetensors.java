package org.drag4j.weights;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import org.drag4j.tensor.WeightMismatchException;
import org.jspecify.annotations.Nullable;

/**
 * A safetensors file, read through memory maps of one tensor at a time, so of any size.
 *
 * <p>Everything the header says is checked when the file is opened: at most 100 MB of it, 100,000
 * tensors, names of 1,024 characters, 8 dimensions; the tensors must fill the file without overlap
 * or hole. Source: the format's description at huggingface.co/docs/safetensors.
 */
public final class Safetensors implements WeightFile {
  private static final int LENGTH_BYTES = 8;

  private final Path file;
  private final FileChannel channel;
  private final Stamp stamp;
  private final long dataStart;
  private final SafetensorsHeader header;

  /** What a file looks like from outside; a change means that somebody wrote to it. */
  private record Stamp(long size, FileTime modified) {
    static Stamp of(Path file) throws IOException {
      var attributes = Files.readAttributes(file, BasicFileAttributes.class);
      return new Stamp(attributes.size(), attributes.lastModifiedTime());
    }
  }

  private Safetensors(
      Path file, FileChannel channel, Stamp stamp, long dataStart, SafetensorsHeader header) {
    this.file = file;
    this.channel = channel;
    this.stamp = stamp;
    this.dataStart = dataStart;
    this.header = header;
  }

  /**
   * Opens the file and checks its header. Nothing else is read or allocated.
   *
   * @throws ModelNotFoundException where there is no such file
   * @throws SafetensorsException where the file is damaged, naming tensor and offset
   */
  public static Safetensors open(Path file) {
    FileChannel channel = null;
    try {
      if (Links.exists(file) && !Files.isRegularFile(file)) {
        throw new SafetensorsException(
            file + ": expected a safetensors file, got a folder or device; check the path");
      }
      var stamp = Stamp.of(file);
      channel = FileChannel.open(file, StandardOpenOption.READ);
      var opened = read(file, channel, stamp);
      channel = null;
      return opened;
    } catch (NoSuchFileException e) {
      throw new ModelNotFoundException(
          file + ": expected a safetensors file, got none of that name; check the path");
    } catch (IOException e) {
      throw failed(file, e);
    } finally {
      close(channel);
    }
  }

  private static Safetensors read(Path file, FileChannel channel, Stamp stamp) throws IOException {
    long size = stamp.size();
    if (size < LENGTH_BYTES) {
      throw new SafetensorsException(
          "%s: expected at least 8 bytes, got %d; the file is cut short, fetch it again"
              .formatted(file, size));
    }
    byte[] prefix = bytes(file, channel, 0, LENGTH_BYTES);
    if (new String(prefix, StandardCharsets.ISO_8859_1).equals("version ")) {
      throw new SafetensorsException(
          file + ": expected a safetensors file, got a Git LFS pointer; run 'git lfs pull'");
    }
    long length = ByteBuffer.wrap(prefix).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (length < 0 || length > SafetensorsHeader.MAX_BYTES) {
      throw new SafetensorsException(
          "%s: offset 0: expected a header of at most %d bytes, got %s; check that it is a"
                  .formatted(file, SafetensorsHeader.MAX_BYTES, Long.toUnsignedString(length))
              + " safetensors file");
    }
    long dataStart = LENGTH_BYTES + length;
    if (dataStart > size) {
      throw new SafetensorsException(
          "%s: offset 0: expected a header within the file's %d bytes, got %d bytes of header; the"
                  .formatted(file, size, length)
              + " file is cut short, fetch it again");
    }
    byte[] text = bytes(file, channel, LENGTH_BYTES, (int) length);
    var header = SafetensorsHeader.parse(file.toString(), text, size - dataStart);
    return new Safetensors(file, channel, stamp, dataStart, header);
  }

  private static byte[] bytes(Path file, FileChannel channel, long from, int count)
      throws IOException {
    var buffer = ByteBuffer.allocate(count);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, from + buffer.position()) < 0) {
        throw new SafetensorsException(
            "%s: offset %d: expected %d bytes, got the end of the file; do not write to the file"
                    .formatted(file, from, count)
                + " while it is read");
      }
    }
    return buffer.array();
  }

  /** The file's path. */
  public Path file() {
    return file;
  }

  /** The header's {@code __metadata__}: free text, to be trusted no further. */
  public Map<String, String> metadata() {
    return header.metadata();
  }

  @Override
  public String origin() {
    return file.toString();
  }

  /** All names, in the order of the tensors' bytes. */
  @Override
  public Set<String> names() {
    return header.tensors().keySet();
  }

  @Override
  public Optional<Entry> entry(String name) {
    return Optional.ofNullable(header.tensors().get(name)).map(SafetensorsHeader.Tensor::entry);
  }

  /**
   * Maps one tensor. The address has no particular alignment: read through unaligned layouts.
   *
   * <p>A file cut short while a segment is being read fails with the virtual machine's {@link
   * InternalError}; one that changed before is refused here.
   *
   * @throws WeightMismatchException when there is no tensor of that name
   * @throws SafetensorsException where the file changed since it was opened
   */
  @Override
  public MemorySegment bytes(String name, Arena arena) {
    var tensor = header.tensors().get(name);
    if (tensor == null) {
      throw missing(origin(), name);
    }
    try {
      Stamp now = Stamp.of(file);
      if (!now.equals(stamp) || channel.size() != stamp.size()) {
        throw new SafetensorsException(
            "%s: tensor %s: expected the file as it was opened (%d bytes, %s), got %d bytes, %s; do"
                    .formatted(
                        file,
                        Json.quote(name),
                        stamp.size(),
                        stamp.modified(),
                        now.size(),
                        now.modified())
                + " not write to the file while it is used, and run again");
      }
      long bytes = tensor.end() - tensor.begin();
      return bytes == 0
          ? arena.allocate(0).asReadOnly()
          : channel.map(FileChannel.MapMode.READ_ONLY, dataStart + tensor.begin(), bytes, arena);
    } catch (NoSuchFileException e) {
      throw new SafetensorsException(
          "%s: tensor %s: expected the file as it was opened, got no file; put it back and run"
                  .formatted(file, Json.quote(name))
              + " again");
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  @Override
  public void close() {
    close(channel);
  }

  static WeightMismatchException missing(String origin, String name) {
    return new WeightMismatchException(
        "%s: expected a tensor %s, got none of that name; check that config.json and weights belong"
                .formatted(origin, Json.quote(name))
            + " together");
  }

  // An interrupted thread is a cancelled run, not a damaged model.
  private static RuntimeException failed(Path file, IOException e) {
    return e instanceof ClosedByInterruptException
        ? new CancellationException(file + ": reading was interrupted")
        : new SafetensorsException(Json.unreadable(file.toString(), e));
  }

  private static void close(@Nullable FileChannel channel) {
    try {
      if (channel != null) {
        channel.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
