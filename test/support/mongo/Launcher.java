/** Starts mongo-java-server, the stand-in for MongoDB, with a version that the driver accepts. */
import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.util.List;

/** Speaks MongoDB's wire protocol from memory on the port of 127.0.0.1 that is its argument. */
public final class Launcher {
  /** The driver refuses servers below wire version 9; this one names 8 at most but speaks what the tests need. */
  private static final class Pretended implements MongoVersion {
    @Override public List<Integer> getVersionArray() { return List.of(5, 0, 0); }
    @Override public int getWireVersion() { return 13; }
  }

  public static void main(String[] arguments) {
    MemoryBackend backend = new MemoryBackend();
    backend.version(new Pretended());
    new MongoServer(backend).bind("127.0.0.1", Integer.parseInt(arguments[0]));
  }
}
