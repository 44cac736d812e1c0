package org.drag4j.session;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.drag4j.cache.Digest;
import org.drag4j.method.Kept;
import org.drag4j.pipeline.SiteBank;
import org.drag4j.schedule.TorchRandom;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.DeviceMemory;
import org.drag4j.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeptOnDiskTest {
  private static final int FLOATS = 12;
  private static final int STATES = 3;
  private static final int NOISE = 2;
  private static final int SLOTS = 2;

  /** Larger than what is copied at once. */
  private static final int WIDE = (1 << 19) + 3;

  @TempDir Path folder = Path.of("");

  private final List<String> warnings = new CopyOnWriteArrayList<>();
  private final AtomicInteger open = new AtomicInteger();

  /** Counts what is not given back. */
  private final class Memory implements DeviceMemory {
    private final byte[] bytes;

    Memory(long size) {
      bytes = new byte[Math.toIntExact(size)];
      open.incrementAndGet();
    }

    @Override
    public String device() {
      return "test";
    }

    @Override
    public long byteSize() {
      return bytes.length;
    }

    @Override
    public void write(long offset, MemorySegment source) {
      MemorySegment.copy(source, 0, MemorySegment.ofArray(bytes), offset, source.byteSize());
    }

    @Override
    public void read(long offset, MemorySegment target) {
      MemorySegment.copy(MemorySegment.ofArray(bytes), offset, target, 0, target.byteSize());
    }

    @Override
    public void close() {
      open.decrementAndGet();
    }
  }

  /** What is kept under a name, its bank so wide. */
  private record Form(String digest, SortedMap<String, Shape> sites) {
    Path file(Path folder) {
      return folder.resolve(digest + ".kept");
    }
  }

  private static Form form(String name, int width) {
    return new Form(
        Digest.of(name),
        new TreeMap<>(Map.of("a.key", Shape.of(1, 2, width), "a.value", Shape.of(1, 2, 3))));
  }

  private static Form form(String name) {
    return form(name, 3);
  }

  private KeptInMemory.Entry entry(Form form, int seed) {
    var random = TorchRandom.seeded(seed);
    var lists = new LinkedHashMap<String, List<float[]>>();
    lists.put("state", drawn(random, STATES));
    lists.put("noise", drawn(random, NOISE));
    var bank = new SiteBank(form.sites(), DType.F16, SLOTS, Memory::new);
    byte value = (byte) seed;
    for (var tensor : bank.from(0).banks().values()) {
      var bytes = new byte[(int) tensor.byteSize()];
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = value;
        value = (byte) (value * 5 + 3);
      }
      tensor.memory().write(tensor.offset(), MemorySegment.ofArray(bytes));
    }
    // One of a pair is left over.
    random.randn(1);
    return new KeptInMemory.Entry(Kept.Values.of(lists, bank), random);
  }

  private static List<float[]> drawn(TorchRandom random, int count) {
    var all = new ArrayList<float[]>();
    for (int i = 0; i < count; i++) {
      all.add(random.randn(FLOATS));
    }
    return all;
  }

  private static Map<String, List<Byte>> bank(KeptInMemory.Entry entry) {
    var all = new TreeMap<String, List<Byte>>();
    entry
        .values()
        .bank()
        .orElseThrow()
        .from(0)
        .banks()
        .forEach((name, tensor) -> {
          var bytes = new byte[(int) tensor.byteSize()];
          tensor.memory().read(tensor.offset(), MemorySegment.ofArray(bytes));
          var list = new ArrayList<Byte>();
          for (byte b : bytes) {
            list.add(b);
          }
          all.put(name, list);
        });
    return all;
  }

  private static void assertSame(KeptInMemory.Entry expected, KeptInMemory.Entry got) {
    assertEquals(STATES, got.values().list("state").size());
    assertEquals(NOISE, got.values().list("noise").size());
    assertEquals(
        List.copyOf(expected.values().tensors().keySet()),
        List.copyOf(got.values().tensors().keySet()));
    expected
        .values()
        .tensors()
        .forEach((name, tensor) -> assertArrayEquals(tensor, got.values().tensors().get(name)));
    assertEquals(bank(expected), bank(got));
    assertArrayEquals(expected.random().copy().randn(5), got.random().copy().randn(5));
  }

  private KeptOnDisk store(long capacity) throws IOException {
    return KeptOnDisk.open(folder, capacity, "how");
  }

  private Optional<KeptInMemory.Entry> read(KeptOnDisk store, Form form) {
    return store.read(form.digest(), Memory::new, warnings::add);
  }

  private Path file(Form form) {
    return form.file(folder);
  }

  private List<String> names() throws IOException {
    try (var files = Files.list(folder)) {
      return files.map(f -> String.valueOf(f.getFileName())).sorted().toList();
    }
  }

  @Test
  void whatIsKeptComesBack() throws IOException {
    var form = form("large", WIDE);
    var made = entry(form, 1);
    assertEquals(Optional.empty(), read(store(1 << 30), form));
    store(1 << 30).write(form.digest(), made, warnings::add);
    assertSame(made, read(store(1 << 30), form).orElseThrow());
    assertEquals(Optional.empty(), read(store(1 << 30), form("other", WIDE)));
    assertEquals(List.of(), warnings);
    assertEquals(List.of(".lock", form.digest() + ".kept"), names());
  }

  private void assertReplaced(Form form, KeptInMemory.Entry made, String how) throws IOException {
    int before = open.get();
    assertEquals(Optional.empty(), read(store(1 << 30), form), how);
    assertEquals(before, open.get(), how);
    assertEquals(1, warnings.size(), how);
    assertTrue(
        warnings
            .getFirst()
            .matches(".*\\.kept: expected .*, got .*; (the values|they) are made again"),
        warnings.getFirst());
    warnings.clear();
    store(1 << 30).write(form.digest(), made, warnings::add);
    var again = read(store(1 << 30), form).orElseThrow();
    assertSame(made, again);
    again.values().close();
    assertEquals(List.of(), warnings, how);
  }

  @Test
  void aFileWithAnyByteChangedIsMadeAnew() throws IOException {
    var form = form("damaged");
    var made = entry(form, 2);
    store(1 << 30).write(form.digest(), made, warnings::add);
    byte[] good = Files.readAllBytes(file(form));
    int header = good.length - 8 - 4 * TorchRandom.STATE - 4 * FLOATS * (STATES + NOISE) - 48;
    assertTrue(header > 70, "header of " + header);
    // Each byte of the header, the last ones of the generator's state, latents, bank, checksum.
    for (int at = 0; at < good.length; at += at < header || at > good.length - 60 ? 1 : 37) {
      var bad = good.clone();
      bad[at] ^= (byte) (1 << at % 8);
      Files.write(file(form), bad);
      assertReplaced(form, made, "byte " + at);
    }
  }

  @Test
  void aFileOfAnotherLengthIsMadeAnew() throws IOException {
    var form = form("cut");
    var made = entry(form, 3);
    store(1 << 30).write(form.digest(), made, warnings::add);
    byte[] good = Files.readAllBytes(file(form));
    for (int length : new int[] {0, 1, 50, 1000, good.length - 8, good.length - 1}) {
      Files.write(file(form), Arrays.copyOf(good, length));
      assertReplaced(form, made, "length " + length);
    }
    Files.write(file(form), Arrays.copyOf(good, good.length + 1));
    assertReplaced(form, made, "longer");
    Files.writeString(file(form), "not an inversion at all");
    assertReplaced(form, made, "foreign");
  }

  @Test
  void aForgedStateOfTheGeneratorIsNotUsed() throws IOException {
    var form = form("forged");
    var made = entry(form, 4);
    store(1 << 30).write(form.digest(), made, warnings::add);
    byte[] bytes = Files.readAllBytes(file(form));
    int end = bytes.length - 8 - 4 * FLOATS * (STATES + NOISE) - 48;
    for (int position : new int[] {-1, 625, Integer.MAX_VALUE}) {
      var file = ByteBuffer.wrap(bytes.clone());
      file.order(ByteOrder.nativeOrder()).putInt(end - 16, position);
      var sum = new CRC32C();
      sum.update(file.array(), 0, bytes.length - 8);
      file.order(ByteOrder.BIG_ENDIAN).putLong(bytes.length - 8, sum.getValue());
      Files.write(file(form), file.array());
      assertReplaced(form, made, "position " + position);
    }
  }

  /** A file whose header is that of {@code lies}, its checksum right. */
  private void forged(Form form, byte[] good, Consumer<ByteBuffer> lies) throws IOException {
    var file = ByteBuffer.wrap(good.clone());
    lies.accept(file);
    var sum = new CRC32C();
    sum.update(file.array(), 0, good.length - 8);
    file.putLong(good.length - 8, sum.getValue());
    Files.write(file(form), file.array());
  }

  @Test
  void aHeaderThatLiesIsBoundedBeforeItIsBelieved() throws IOException {
    var form = form("lies");
    var made = entry(form, 5);
    store(1 << 30).write(form.digest(), made, warnings::add);
    byte[] good = Files.readAllBytes(file(form));
    // Behind length, magic, version, byte order and digest.
    int count = 4 + 8 + 4 + 1 + 32;
    assertEquals(STATES + NOISE, ByteBuffer.wrap(good).getInt(count));
    int floats = count + 4 + 2 + "state.0".length();
    assertEquals(FLOATS, ByteBuffer.wrap(good).getInt(floats));
    for (int lie : new int[] {-1, FLOATS + 1, 1 << 28, Integer.MAX_VALUE}) {
      forged(form, good, file -> file.putInt(floats, lie));
      assertReplaced(form, made, "floats " + lie);
      forged(form, good, file -> file.putInt(count, lie));
      assertReplaced(form, made, "tensors " + lie);
      forged(form, good, file -> file.putInt(0, lie));
      assertReplaced(form, made, "header of " + lie);
    }
  }

  @Test
  void aFolderInItsPlaceIsLeftAlone() throws IOException {
    var form = form("folder");
    Files.createDirectories(file(form).resolve("inside"));
    var store = store(1 << 30);
    assertEquals(Optional.empty(), read(store, form));
    store.write(form.digest(), entry(form, 6), warnings::add);
    assertEquals(1, warnings.size());
    assertTrue(warnings.getFirst().endsWith("; they are not kept"), warnings.getFirst());
    assertEquals(List.of(".lock", form.digest() + ".kept"), names());
    assertTrue(Files.isDirectory(file(form).resolve("inside")));
    Files.writeString(folder.resolve("file"), "");
    assertThrows(IOException.class, () -> KeptOnDisk.open(folder.resolve("file"), 1 << 20, "how"));
  }

  private void age(Form form, int minutes) throws IOException {
    Files.setLastModifiedTime(file(form), FileTime.from(Instant.now().minusSeconds(60L * minutes)));
  }

  @Test
  void whatWasUsedLongestAgoGoesFirst() throws IOException {
    var a = form("a");
    var b = form("b");
    var c = form("c");
    store(1 << 30).write(a.digest(), entry(a, 1), warnings::add);
    long size = Files.size(file(a));
    var store = store(2 * size);
    // Not this store's, whatever they are called.
    Files.write(folder.resolve("photo.kept"), new byte[5000]);
    Files.write(folder.resolve("notes.txt"), new byte[5000]);
    store.write(a.digest(), entry(a, 1), warnings::add);
    store.write(b.digest(), entry(b, 2), warnings::add);
    age(a, 20);
    age(b, 10);
    assertTrue(read(store, a).isPresent());
    store.write(c.digest(), entry(c, 3), warnings::add);
    assertTrue(read(store, a).isPresent());
    assertFalse(Files.exists(file(b)));
    assertTrue(read(store, c).isPresent());
    // Opened with a smaller capacity, it is made smaller.
    age(a, 20);
    var small = store(size);
    assertFalse(Files.exists(file(a)));
    assertTrue(Files.exists(file(c)));
    var none = store(size - 1);
    assertFalse(Files.exists(file(c)));
    assertEquals(List.of(), warnings);
    none.write(a.digest(), entry(a, 1), warnings::add);
    assertEquals(1, warnings.size());
    assertFalse(Files.exists(file(a)));
    assertTrue(read(small, a).isEmpty());
    assertEquals(List.of(".lock", "notes.txt", "photo.kept"), names());
  }

  /** Holds a file until it is killed. */
  static final class Holder {
    private Holder() {}

    public static void main(String[] args) throws Exception {
      try (var channel =
              FileChannel.open(
                  Path.of(args[0]), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
          var _ = channel.lock()) {
        System.out.println("held");
        System.out.flush();
        System.in.read();
      }
    }
  }

  @Test
  void whatKilledWritersLeftIsRemovedAndWhatIsBeingWrittenIsNot() throws Exception {
    var form = form("killed");
    var temporary = folder.resolve("." + form.digest() + ".kept.1-2.tmp");
    var process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                Path.of(Holder.class.getProtectionDomain().getCodeSource().getLocation().toURI())
                    .toString(),
                Holder.class.getName(),
                temporary.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (var out = process.inputReader()) {
      assertEquals("held", out.readLine());
      var store = store(1 << 30);
      assertEquals(Optional.empty(), read(store, form));
      store.write(form.digest(), entry(form, 1), warnings::add);
      assertTrue(Files.exists(temporary));
      process.destroyForcibly().waitFor();
      store(1 << 30);
      assertFalse(Files.exists(temporary));
    } finally {
      process.destroyForcibly().waitFor();
    }
    assertTrue(read(store(1 << 30), form).isPresent());
    assertEquals(List.of(), warnings);
  }

  @Test
  void severalAtOnceDoNotDisturbEachOther() throws Exception {
    var form = form("shared");
    var made = entry(form, 7);
    store(1 << 30).write(form.digest(), made, warnings::add);
    long size = Files.size(file(form));
    var threads = new ArrayList<Thread>();
    var failures = new CopyOnWriteArrayList<Throwable>();
    for (int i = 0; i < 4; i++) {
      var store = store(3 * size);
      boolean writes = i % 2 == 0;
      threads.add(
          Thread.ofPlatform()
              .uncaughtExceptionHandler((_, e) -> failures.add(e))
              .start(() -> {
                for (int k = 0; k < 50; k++) {
                  if (writes) {
                    store.write(form.digest(), made, warnings::add);
                  } else {
                    read(store, form).ifPresent(found -> assertSame(made, found));
                  }
                }
              }));
    }
    for (var thread : threads) {
      thread.join();
    }
    assertEquals(List.of(), failures);
    assertEquals(List.of(), warnings);
    assertSame(made, read(store(3 * size), form).orElseThrow());
    assertEquals(List.of(".lock", form.digest() + ".kept"), names());
  }

  @Test
  void partsAreNotTakenForEachOther() {
    assertEquals(
        6,
        List.of(
                Digest.of("ab", "c"),
                Digest.of("a", "bc"),
                Digest.of("abc"),
                Digest.of("ab", "c", ""),
                Digest.of(new float[] {1}),
                Digest.of(new float[] {Math.nextUp(1f)}))
            .stream()
            .distinct()
            .count());
    assertEquals(
        Digest.of(new float[] {1}),
        Digest.of(MemorySegment.ofArray(new float[] {1}).toArray(ValueLayout.JAVA_INT)));
  }
}
