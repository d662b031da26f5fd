def test_x(acting, actors, db, shared_db):
    t = acting(actors["coordinator"])
    t = acting(actors["police"])
    print(actors["police"])
