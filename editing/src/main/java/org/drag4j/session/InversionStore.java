package org.drag4j.session;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import java.util.zip.CheckedInputStream;
import java.util.zip.CheckedOutputStream;
import org.drag4j.cache.Sha256;
import org.drag4j.method.Inversion;
import org.drag4j.pipeline.SiteBank;
import org.drag4j.schedule.TorchRandom;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.DeviceMemory;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Tensor;

/**
 * A folder of inversions that later processes go on from: one file each, named by the digest of all
 * that its numbers depend on. Several processes may use it at once. Bounded; what was used longest
 * ago goes first.
 *
 * <p>A file is the header that the inversion must have, the random generator's state, the latents,
 * the noise, keys and values by site, and a checksum of all that, in the machine's byte order.
 */
public final class InversionStore {
  private static final String SUFFIX = ".inversion";
  private static final Pattern NAME = Pattern.compile("[0-9a-f]{64}\\" + SUFFIX);
  private static final Pattern TEMPORARY =
      Pattern.compile("\\.[0-9a-f]{64}\\" + SUFFIX + "\\.[0-9a-f]+-[0-9a-f]+\\.tmp");
  private static final String LOCK = ".lock";

  private static final long MAGIC = 0x6434_6a2d_696e_7631L;
  private static final int VERSION = 1;
  private static final int BLOCK = 1 << 20;

  /** What this process is writing: its locks do not keep the process itself away. */
  private static final Set<Path> WRITING = new HashSet<>();

  /**
   * What is known of an inversion before there is one.
   *
   * @param digest of all that its numbers depend on, in hexadecimal
   * @param states how many latents were visited
   * @param noise how many are stored
   * @param floats of a latent
   * @param slots of the bank
   * @param sites of the bank, shapes with any batch
   */
  record Form(
      String digest,
      int states,
      int noise,
      int floats,
      int slots,
      SortedMap<String, Shape> sites,
      DType dtype) {
    Form {
      sites = Collections.unmodifiableSortedMap(new TreeMap<>(sites));
    }

    private byte[] header() throws IOException {
      var bytes = new ByteArrayOutputStream();
      var out = new DataOutputStream(bytes);
      out.writeLong(MAGIC);
      out.writeInt(VERSION);
      out.writeBoolean(ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN);
      out.write(HexFormat.of().parseHex(digest));
      out.writeInt(states);
      out.writeInt(noise);
      out.writeInt(floats);
      out.writeInt(slots);
      out.writeUTF(dtype.name());
      out.writeInt(sites.size());
      for (var site : sites.entrySet()) {
        out.writeUTF(site.getKey());
        out.writeInt(site.getValue().rank());
        for (int dim : site.getValue().dims()) {
          out.writeInt(dim);
        }
      }
      return bytes.toByteArray();
    }

    /** Bytes of the file. */
    long size() throws IOException {
      long latents = Math.multiplyExact((long) floats, states + noise);
      return header().length
          + (long) Integer.BYTES * TorchRandom.STATE
          + Float.BYTES * latents
          + SiteBank.bytes(sites, dtype, slots)
          + Long.BYTES;
    }
  }

  private final Path folder;
  private final long capacity;
  private final String how;

  private InversionStore(Path folder, long capacity, String how) {
    this.folder = folder;
    this.capacity = capacity;
    this.how = how;
  }

  /**
   * Opens a folder, makes it where there is none, and removes what is over the capacity or was left
   * by processes that were killed.
   *
   * @param capacity bytes that its inversions may take together
   * @param how what their last bits depend on beside picture, document and model: the program's
   *     version, the device, how it is used
   * @throws IOException where the folder cannot be written to
   */
  public static InversionStore open(Path folder, long capacity, String how) throws IOException {
    Files.createDirectories(folder);
    var store = new InversionStore(folder.toRealPath(), capacity, how);
    store.locked(() -> store.reserve(0));
    return store;
  }

  /** A digest of parts, in hexadecimal: arrays of numbers, and anything else by its text. */
  public static String digest(Object... parts) {
    var all = Sha256.start();
    for (var part : parts) {
      byte[] bytes =
          switch (part) {
            case float[] values -> MemorySegment.ofArray(values).toArray(ValueLayout.JAVA_BYTE);
            case int[] values -> MemorySegment.ofArray(values).toArray(ValueLayout.JAVA_BYTE);
            default -> part.toString().getBytes(StandardCharsets.UTF_8);
          };
      // Of one length each, so that no part can be taken for the end of another.
      all.update(Sha256.start().digest(bytes));
    }
    return HexFormat.of().formatHex(all.digest());
  }

  /** What the numbers depend on beside picture, document and model. */
  public String how() {
    return how;
  }

  private Path file(Form form) {
    return folder.resolve(form.digest() + SUFFIX);
  }

  /**
   * The inversion of this form, if it is there; a file that is damaged or foreign is not.
   *
   * @param allocate gives device memory of so many bytes
   * @param warn is told of such a file
   */
  Optional<InversionCache.Entry> read(
      Form form, LongFunction<DeviceMemory> allocate, Consumer<String> warn) {
    var file = file(form);
    try {
      if (!Files.isRegularFile(file)) {
        return Optional.empty();
      }
      var entry = contents(file, form, allocate);
      try {
        Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
      } catch (IOException _) {
        // It may have been removed meanwhile; only the order of removal depends on it.
      }
      return Optional.of(entry);
    } catch (NoSuchFileException _) {
      return Optional.empty(); // removed meanwhile
    } catch (DamagedException e) {
      warn.accept("%s: %s; the picture is inverted again".formatted(file, e.getMessage()));
      return Optional.empty();
    } catch (IOException e) {
      warn.accept(
          "%s: expected to read an inversion, got %s; the picture is inverted again"
              .formatted(file, e));
      return Optional.empty();
    }
  }

  private static InversionCache.Entry contents(
      Path file, Form form, LongFunction<DeviceMemory> allocate) throws IOException {
    try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
      if (channel.size() != form.size()) {
        throw new DamagedException(form.size() + " bytes", channel.size());
      }
      var in = new CheckedInputStream(Channels.newInputStream(channel), new CRC32C());
      byte[] header = form.header();
      if (!Arrays.equals(header, in.readNBytes(header.length))) {
        throw new DamagedException("the header of this inversion", "another");
      }
      var random = new int[TorchRandom.STATE];
      read(in, MemorySegment.ofArray(random));
      var states = latents(in, form.states(), form.floats());
      var noise = latents(in, form.noise(), form.floats());
      var bank = new SiteBank(form.sites(), form.dtype(), form.slots(), allocate);
      boolean whole = false;
      try {
        for (var tensor : tensors(bank).values()) {
          read(in, tensor);
        }
        long sum = in.getChecksum().getValue();
        long stored = new DataInputStream(in).readLong();
        if (sum != stored) {
          throw new DamagedException("the checksum " + stored, sum);
        }
        var entry =
            new InversionCache.Entry(
                new Inversion(states, noise, bank), TorchRandom.ofState(random));
        whole = true;
        return entry;
      } catch (IllegalArgumentException e) {
        throw new DamagedException("a state of the random generator", e);
      } finally {
        if (!whole) {
          bank.close();
        }
      }
    }
  }

  /** A file that is not what it should be. */
  private static final class DamagedException extends IOException {
    private static final long serialVersionUID = 1L;

    DamagedException(String expected, Object got) {
      super("expected %s, got %s".formatted(expected, got));
    }
  }

  private static List<float[]> latents(CheckedInputStream in, int count, int floats)
      throws IOException {
    var latents = new ArrayList<float[]>();
    for (int i = 0; i < count; i++) {
      var latent = new float[floats];
      read(in, MemorySegment.ofArray(latent));
      latents.add(latent);
    }
    return latents;
  }

  private static void read(CheckedInputStream in, MemorySegment to) throws IOException {
    for (long at = 0; at < to.byteSize(); at += BLOCK) {
      var block = block(in, to.byteSize() - at);
      MemorySegment.copy(block, 0, to, at, block.byteSize());
    }
  }

  private static void read(CheckedInputStream in, Tensor to) throws IOException {
    for (long at = 0; at < to.byteSize(); at += BLOCK) {
      to.memory().write(to.offset() + at, block(in, to.byteSize() - at));
    }
  }

  private static MemorySegment block(CheckedInputStream in, long left) throws IOException {
    int n = (int) Math.min(BLOCK, left);
    byte[] block = in.readNBytes(n);
    if (block.length < n) {
      throw new DamagedException(n + " bytes more", block.length);
    }
    return MemorySegment.ofArray(block);
  }

  private static SortedMap<String, Tensor> tensors(SiteBank bank) {
    return new TreeMap<>(bank.from(0).banks());
  }

  /**
   * Keeps an inversion, in the place of one that was damaged.
   *
   * @param warn is told where it cannot be kept
   */
  void write(Form form, InversionCache.Entry entry, Consumer<String> warn) {
    try {
      long size = form.size();
      if (size > capacity) {
        warn.accept(
            "%s: expected room for an inversion of %d MB, got at most %d MB; it is not kept"
                .formatted(folder, size >> 20, capacity >> 20));
        return;
      }
      var file = file(form);
      var temporary =
          folder.resolve(
              ".%s.%x-%x.tmp"
                  .formatted(file.getFileName(), ProcessHandle.current().pid(), System.nanoTime()));
      try {
        write(form, entry, size, temporary, file);
      } finally {
        synchronized (WRITING) {
          WRITING.remove(temporary);
        }
        Files.deleteIfExists(temporary);
      }
    } catch (IOException e) {
      warn.accept("%s: expected to keep an inversion, got %s; it is not kept".formatted(folder, e));
    }
  }

  private void write(Form form, InversionCache.Entry entry, long size, Path temporary, Path file)
      throws IOException {
    try (var channel = locked(() -> create(temporary, size))) {
      var out = new CheckedOutputStream(Channels.newOutputStream(channel), new CRC32C());
      out.write(form.header());
      write(MemorySegment.ofArray(entry.random().state()), out);
      for (var latent : entry.inversion().states()) {
        write(MemorySegment.ofArray(latent), out);
      }
      for (var latent : entry.inversion().noise()) {
        write(MemorySegment.ofArray(latent), out);
      }
      for (var tensor : tensors(entry.inversion().bank()).values()) {
        write(tensor, out);
      }
      new DataOutputStream(out).writeLong(out.getChecksum().getValue());
      if (channel.size() != size) {
        throw new DamagedException(size + " bytes", channel.size());
      }
      locked(() -> {
        // Others may have written meanwhile.
        reserve(size);
        return Files.move(
            temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      });
    }
  }

  /** A new file, locked until it is closed or the process is gone. */
  private FileChannel create(Path temporary, long size) throws IOException {
    reserve(size);
    var channel =
        FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    try {
      channel.lock();
    } catch (IOException e) {
      channel.close();
      throw e;
    }
    WRITING.add(temporary);
    return channel;
  }

  private static void write(MemorySegment from, CheckedOutputStream out) throws IOException {
    byte[] block = new byte[(int) Math.min(BLOCK, from.byteSize())];
    for (long at = 0; at < from.byteSize(); at += block.length) {
      int n = (int) Math.min(block.length, from.byteSize() - at);
      MemorySegment.copy(from, at, MemorySegment.ofArray(block), 0, n);
      out.write(block, 0, n);
    }
  }

  private static void write(Tensor from, CheckedOutputStream out) throws IOException {
    byte[] block = new byte[(int) Math.min(BLOCK, from.byteSize())];
    for (long at = 0; at < from.byteSize(); at += block.length) {
      int n = (int) Math.min(block.length, from.byteSize() - at);
      from.memory().read(from.offset() + at, MemorySegment.ofArray(block).asSlice(0, n));
      out.write(block, 0, n);
    }
  }

  @FunctionalInterface
  private interface Work<T> {
    T run() throws IOException;
  }

  /** Does what only one process at a time may do. */
  private <T> T locked(Work<T> work) throws IOException {
    synchronized (WRITING) {
      try (var channel =
              FileChannel.open(
                  folder.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          var _ = channel.lock()) {
        return work.run();
      }
    }
  }

  /** A file of the store. */
  private record Stored(Path path, FileTime used, long size) {
    private static Optional<Stored> of(Path path) throws IOException {
      try {
        var a = Files.readAttributes(path, BasicFileAttributes.class);
        return a.isRegularFile()
            ? Optional.of(new Stored(path, a.lastModifiedTime(), a.size()))
            : Optional.empty();
      } catch (NoSuchFileException _) {
        return Optional.empty();
      }
    }
  }

  /**
   * Removes what killed processes left, and what was used longest ago until so much more fits.
   *
   * @return bytes that are left
   */
  private long reserve(long more) throws IOException {
    var stored = new ArrayList<Stored>();
    long bytes = more;
    for (var path : paths()) {
      String name = String.valueOf(path.getFileName());
      if (NAME.matcher(name).matches()) {
        Stored.of(path).ifPresent(stored::add);
      } else if (TEMPORARY.matcher(name).matches() && isLeft(path)) {
        Files.deleteIfExists(path);
      }
    }
    for (var file : stored) {
      bytes += file.size();
    }
    stored.sort(Comparator.comparing(Stored::used));
    for (int i = 0; i < stored.size() && bytes > capacity; i++) {
      Files.deleteIfExists(stored.get(i).path());
      bytes -= stored.get(i).size();
    }
    return bytes - more;
  }

  private List<Path> paths() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    } catch (UncheckedIOException e) {
      throw new IOException(e);
    }
  }

  /** Whether nobody writes this file any more. */
  private static boolean isLeft(Path temporary) throws IOException {
    if (WRITING.contains(temporary)) {
      return false;
    }
    try (var channel = FileChannel.open(temporary, StandardOpenOption.WRITE);
        var lock = channel.tryLock()) {
      return lock != null;
    } catch (NoSuchFileException _) {
      return false;
    }
  }
}
